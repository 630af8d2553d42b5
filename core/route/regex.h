#pragma once
// A compiled regular expression in RE2's dialect. Matching is linear in the text; memory per expression is capped.

#include <memory>
#include <string_view>

#include "base/result.h"

namespace kgw::route {

class Regex {
 public:
  // Fails with kInvalid and RE2's reason.
  static base::Result<Regex> compile(std::string_view expression);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  // Whether the expression covers all of `text`. Does not allocate once its automaton has seen texts of this shape.
  bool matches_whole(std::string_view text) const;

 private:
  struct Impl;
  explicit Regex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

} // namespace kgw::route
