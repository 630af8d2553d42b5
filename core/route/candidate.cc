#include "route/candidate.h"

#include <algorithm>
#include <compare>
#include <tuple>

namespace kgw::route {
namespace {

base::Result<std::vector<Condition>> compile_conditions(const std::vector<ValueMatch>& specs) {
  std::vector<Condition> conditions;
  for (const ValueMatch& spec : specs) {
    // Of conditions on one name the first counts, the others are void.
    if (std::ranges::any_of(conditions, [&](const Condition& other) { return other.spec->name == spec.name; }))
      continue;
    Condition condition{&spec, {}};
    if (spec.regex) {
      auto regex = Regex::compile(spec.value);
      if (!regex) return std::unexpected(regex.error());
      condition.regex = std::move(*regex);
    }
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

bool covers_path(const Candidate& candidate, std::string_view path) {
  switch (candidate.match->path_kind) {
  case PathKind::kExact: return path == candidate.path;
  case PathKind::kRegex: return candidate.path_regex->matches_whole(path);
  case PathKind::kPrefix: break;
  }
  size_t length = candidate.path.size();
  return path.starts_with(candidate.path) && (path.size() == length || length == 0 || path[length] == '/');
}

bool value_fits(const Condition& condition, std::string_view value) {
  return condition.regex ? condition.regex->matches_whole(value) : value == condition.spec->value;
}

// A header in several lines fits when one of its lines does, as in Envoy.
bool header_fits(const Condition& condition, const http::Head& head) {
  std::string_view name = condition.spec->name;
  if (name == "host") return value_fits(condition, head.authority); // Host is no field of a Head
  return std::ranges::any_of(head.all(), [&](const http::Field& field) {
    return !field.removed() && field.name_view() == name && value_fits(condition, field.value_view());
  });
}

// Of a repeated parameter the first occurrence counts. Names and values are compared as sent, not decoded.
bool query_fits(const Condition& condition, std::string_view query) {
  while (!query.empty()) {
    size_t end = std::min(query.find('&'), query.size());
    std::string_view item = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    size_t equals = std::min(item.find('='), item.size());
    if (item.substr(0, equals) != condition.spec->name) continue;
    return value_fits(condition, item.substr(std::min(equals + 1, item.size())));
  }
  return false;
}

int rank(PathKind kind) {
  switch (kind) {
  case PathKind::kExact: return 0;
  case PathKind::kRegex: return 1;
  case PathKind::kPrefix: break;
  }
  return 2;
}

// The smaller key is tried first, so counts that should be large stand negated.
auto order_key(const Candidate& c) {
  auto prefix = c.match->path_kind == PathKind::kPrefix ? -static_cast<int64_t>(c.path.size()) : 0;
  return std::make_tuple(rank(c.match->path_kind), prefix, c.match->method.empty(), -std::ssize(c.headers),
                         -std::ssize(c.query), c.rule->created_s, std::string_view(c.rule->route_key),
                         c.rule->rule_index, c.match_index);
}

} // namespace

base::Result<Candidate> compile_candidate(const RuleSpec& rule, const MatchSpec& match, uint32_t match_index) {
  Candidate candidate{&rule, &match, match_index, match.path, {}, {}, {}};
  if (match.path_kind == PathKind::kPrefix && candidate.path.ends_with('/')) candidate.path.remove_suffix(1);
  if (match.path_kind == PathKind::kRegex) {
    auto regex = Regex::compile(match.path);
    if (!regex) return std::unexpected(regex.error());
    candidate.path_regex = std::move(*regex);
  }
  auto headers = compile_conditions(match.headers);
  if (!headers) return std::unexpected(headers.error());
  auto query = compile_conditions(match.query);
  if (!query) return std::unexpected(query.error());
  candidate.headers = std::move(*headers);
  candidate.query = std::move(*query);
  return candidate;
}

bool precedes(const Candidate& a, const Candidate& b) { return order_key(a) < order_key(b); }

Verdict judge(const Candidate& candidate, const Request& request) {
  if (!covers_path(candidate, request.path)) return {Misfit::kPath};
  if (!candidate.match->method.empty() && request.head->method != candidate.match->method) return {Misfit::kMethod};
  for (const Condition& condition : candidate.headers) {
    if (!header_fits(condition, *request.head)) return {Misfit::kHeader, condition.spec};
  }
  for (const Condition& condition : candidate.query) {
    if (!query_fits(condition, request.query)) return {Misfit::kQuery, condition.spec};
  }
  return {};
}

} // namespace kgw::route
