#pragma once
// labelSelector and fieldSelector of lists, watches and collection deletes.

#include <string>
#include <string_view>
#include <vector>

#include "admin/json.h"
#include "base/result.h"

namespace kgw::admin::kube {

class Selector {
 public:
  // Labels: `a=b`, `a==b`, `a!=b`, `a in (x,y)`, `a notin (x)`, `a`, `!a`. Fields: metadata.name and metadata.namespace
  // with =, == and !=. Anything else is kInvalid.
  static base::Result<Selector> parse(std::string_view labels, std::string_view fields);
  bool matches(const Json& object) const;
  // Whether an object can start or stop matching: names never change, labels do.
  bool can_change() const { return !labels_.empty(); }

 private:
  struct Requirement {
    std::string key;
    std::vector<std::string> values; // empty: only presence is asked for
    bool negated = false;
  };
  static base::Result<Requirement> parse_label(std::string_view text);
  static base::Result<Requirement> parse_field(std::string_view text);
  static bool holds(const Requirement& requirement, const Json* value);

  std::vector<Requirement> labels_, fields_;
};

} // namespace kgw::admin::kube
