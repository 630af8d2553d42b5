#pragma once
// Short ways to write tables and requests.

#include <string>
#include <vector>

#include "http/head.h"
#include "route/table.h"

namespace kgw::route::test {

// A request that owns its texts; copies are independent.
class Ask {
 public:
  Ask(std::string host, std::string path) : host_(std::move(host)), path_(std::move(path)) {}
  Ask& method(std::string name) { return method_ = std::move(name), *this; }
  Ask& query(std::string text) { return query_ = std::move(text), *this; }
  Ask& header(std::string name, std::string value, uint8_t flags = 0) {
    lines_.push_back({std::move(name), std::move(value), flags});
    return *this;
  }
  // Valid until the next change of this object.
  Request request() {
    fields_.clear();
    for (const Line& line : lines_) {
      fields_.push_back({line.name.data(), line.value.data(), static_cast<uint32_t>(line.value.size()),
                         static_cast<uint16_t>(line.name.size()), http::Token::kOther, line.flags});
    }
    head_.method = method_;
    head_.authority = host_;
    head_.fields = fields_.data();
    head_.count = head_.capacity = static_cast<uint16_t>(fields_.size());
    return {host_, path_, query_, &head_};
  }

 private:
  struct Line {
    std::string name, value;
    uint8_t flags;
  };
  std::string host_, path_, query_, method_ = "GET";
  std::vector<Line> lines_;
  std::vector<http::Field> fields_;
  http::Head head_;
};

inline MatchSpec prefix(std::string path) { return {.path_kind = PathKind::kPrefix, .path = std::move(path)}; }
inline MatchSpec exact(std::string path) { return {.path_kind = PathKind::kExact, .path = std::move(path)}; }
inline MatchSpec regex(std::string path) { return {.path_kind = PathKind::kRegex, .path = std::move(path)}; }

inline RuleSpec rule(std::string name, std::vector<std::string> hostnames, std::vector<MatchSpec> matches) {
  RuleSpec spec;
  spec.name = name;
  spec.route_key = std::move(name);
  spec.hostnames = std::move(hostnames);
  spec.matches = std::move(matches);
  return spec;
}

inline std::shared_ptr<const Table> table(std::vector<RuleSpec> rules) {
  return Table::compile({{"ns/gw/http", "", std::move(rules)}}).value();
}

// The name of the rule that takes the request; "" for none.
inline std::string taker(const Table& table, Ask ask) {
  Match match = table.find(ask.request());
  return match ? match.rule->name : "";
}

} // namespace kgw::route::test
