#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {
namespace {

constexpr const char* kPathRule =
    "a path: / first; letters, digits, -._~!$&'()*+,;=:@ and %XX; no //, /./, /../, %2f; no /. or /.. at the end";

// The API has one pattern for both names.
constexpr TextRule kParameterName{is_header_name, "a parameter name made of the characters of a header name", 256};

void check_expression(const Value& value, const std::string& expression) {
  auto checked = route::check_regex(expression);
  if (!checked) value.error(ProblemClass::kInvalid, "an RE2 regular expression", checked.error().text);
}

void read_path(Value value, route::MatchSpec& match) {
  Fields fields(std::move(value));
  std::string type = fields.get("type").word({"Exact", "PathPrefix", "RegularExpression"}, "PathPrefix");
  match.path_kind = type == "Exact"               ? route::PathKind::kExact
                    : type == "RegularExpression" ? route::PathKind::kRegex
                                                  : route::PathKind::kPrefix;
  Value path = fields.get("value");
  const bool regex = match.path_kind == route::PathKind::kRegex;
  match.path = path.text(regex ? TextRule{is_not_empty, "an RE2 regular expression", 1024}
                               : TextRule{is_match_path, kPathRule, 1024},
                         "/");
  if (regex && path.present()) check_expression(path, match.path);
}

route::ValueMatch read_value(const Value& item, const TextRule& name_rule, const TextRule& value_rule) {
  Fields fields(item);
  route::ValueMatch match;
  match.regex = fields.get("type").word({"Exact", "RegularExpression"}, "Exact") == "RegularExpression";
  match.name = fields.text("name", name_rule, Need::kRequired);
  Value value = fields.get("value", Need::kRequired);
  match.value = value.text(value_rule);
  if (match.regex && value.present()) check_expression(value, match.value);
  return match;
}

std::vector<route::ValueMatch> read_headers(Fields& fields) {
  std::vector<route::ValueMatch> headers;
  Seen names;
  for (const Value& item : fields.items("headers", {0, 16})) {
    route::ValueMatch header = read_value(item, kHeaderName, {is_not_empty, "a text that is not empty", 4096});
    if (!header.name.empty()) names.check(item, header.name, "each header once");
    header.name = base::to_lower(header.name);
    // Of names that are equal but for case, the first one counts.
    if (std::ranges::find(headers, header.name, &route::ValueMatch::name) == headers.end())
      headers.push_back(std::move(header));
  }
  return headers;
}

std::vector<route::ValueMatch> read_query(Fields& fields) {
  std::vector<route::ValueMatch> query;
  Seen names;
  for (const Value& item : fields.items("queryParams", {0, 16})) {
    query.push_back(read_value(item, kParameterName, {is_not_empty, "a text that is not empty", 1024}));
    if (!query.back().name.empty()) names.check(item, query.back().name, "each parameter once");
  }
  return query;
}

route::MatchSpec read_match(const Value& value) {
  Fields fields(value);
  route::MatchSpec match;
  read_path(fields.get("path"), match);
  match.headers = read_headers(fields);
  match.query = read_query(fields);
  match.method =
      fields.get("method").word({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"});
  return match;
}

} // namespace

std::vector<route::MatchSpec> read_matches(Fields& rule) {
  std::vector<route::MatchSpec> matches;
  for (const Value& item : rule.items("matches", {0, 64})) matches.push_back(read_match(item));
  if (matches.empty()) matches.emplace_back();
  return matches;
}

} // namespace kgw::config
