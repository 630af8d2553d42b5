#pragma once
// Paths and queries of requests, as text.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kgw::admin {

// Empty when an escape is broken.
std::optional<std::string> percent_decode(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
// "/a/b%20c" -> {"a", "b c"}. Empty optional: no leading slash, an empty or dot segment, or a broken escape.
std::optional<std::vector<std::string>> path_segments(std::string_view path);

class Query {
 public:
  Query() = default;
  explicit Query(std::string_view text); // broken escapes are kept as they are written
  bool has(std::string_view name) const;
  // The first value of this name, empty when there is none.
  std::string get(std::string_view name) const;
  bool flag(std::string_view name) const; // "true", "1"
  // All values of this name.
  std::vector<std::string> all(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

} // namespace kgw::admin
