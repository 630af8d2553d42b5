// The compiled table as text, one line a candidate.

#include <algorithm>

#include "route/impl.h"

namespace kgw::route {
namespace {

std::string_view kind_text(PathKind kind) {
  switch (kind) {
  case PathKind::kExact: return "Exact";
  case PathKind::kRegex: return "RegularExpression";
  case PathKind::kPrefix: break;
  }
  return "PathPrefix";
}

void append_conditions(std::string& text, std::string_view what, const std::vector<Condition>& conditions) {
  for (const Condition& condition : conditions) {
    if (!text.empty()) text += ", ";
    text.append(what)
        .append(" ")
        .append(condition.spec->name)
        .append(condition.regex ? "~" : "=")
        .append(condition.spec->value);
  }
}

Row row_of(const ListenerSpec& listener, std::string_view hostname, const Candidate& candidate) {
  std::string conditions;
  append_conditions(conditions, "header", candidate.headers);
  append_conditions(conditions, "query", candidate.query);
  const MatchSpec& match = *candidate.match;
  return {listener.name,        std::string(hostname), std::string(kind_text(match.path_kind)),
          match.path,           match.method,          conditions,
          candidate.rule->name, candidate.rule->action};
}

template <typename T> std::vector<const T*> by_hostname(const std::vector<T>& items) {
  std::vector<const T*> sorted;
  for (const T& item : items) sorted.push_back(&item);
  std::ranges::stable_sort(sorted, [](const T* a, const T* b) { return more_specific(a->hostname, b->hostname); });
  return sorted;
}

} // namespace

std::vector<Row> Table::rows() const {
  std::vector<Row> rows;
  for (const ListenerSpec* spec : by_hostname(impl_->specs)) {
    const auto& listener = impl_->listeners[static_cast<size_t>(spec - impl_->specs.data())];
    for (const VirtualHost* host : by_hostname(listener.hosts)) {
      for (const Candidate* candidate : host->candidates) rows.push_back(row_of(*spec, host->hostname, *candidate));
    }
  }
  return rows;
}

} // namespace kgw::route
