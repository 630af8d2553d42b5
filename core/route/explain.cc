// Why a request went past each candidate, in words. Uses the same index and the same judge as Table::find.

#include <algorithm>

#include "route/impl.h"

namespace kgw::route {
namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string path_reason(const MatchSpec& match, std::string_view path) {
  switch (match.path_kind) {
  case PathKind::kExact: return "path " + quoted(path) + " is not exactly " + quoted(match.path);
  case PathKind::kRegex: return "path " + quoted(path) + " does not match the expression " + quoted(match.path);
  case PathKind::kPrefix: break;
  }
  return "path " + quoted(path) + " is not below " + quoted(match.path);
}

std::string condition_reason(std::string_view what, const ValueMatch& condition) {
  return std::string(what) + " " + condition.name + (condition.regex ? " does not match " : " is not ") +
         quoted(condition.value);
}

std::string reason(const Candidate& candidate, const Request& request, const Verdict& verdict) {
  switch (verdict.misfit) {
  case Misfit::kPath: return path_reason(*candidate.match, request.path);
  case Misfit::kMethod: return "method " + std::string(request.head->method) + " is not " + candidate.match->method;
  case Misfit::kHeader: return condition_reason("header", *verdict.condition);
  case Misfit::kQuery: return condition_reason("query parameter", *verdict.condition);
  case Misfit::kNone: break;
  }
  return {};
}

// Rules of the listener that stand under other hostnames than the chosen one.
void explain_hosts(const ListenerSpec& listener, const Request& request, const VirtualHost* chosen,
                   std::vector<Rejection>& out) {
  for (const RuleSpec& rule : listener.rules) {
    if (chosen != nullptr && std::ranges::find(rule.hostnames, chosen->hostname) != rule.hostnames.end()) continue;
    std::string names;
    for (const std::string& name : rule.hostnames)
      names += (names.empty() ? "" : ", ") + quoted(name.empty() ? "*" : name);
    std::string why = "no hostname of " + names + " covers " + quoted(request.host);
    if (chosen != nullptr) why += " as closely as " + quoted(chosen->hostname);
    out.push_back({rule.name, why});
  }
}

void explain_candidates(const VirtualHost& host, const Request& request, std::vector<Rejection>& out) {
  const RuleSpec* taken = nullptr;
  for (const Candidate* candidate : host.candidates) {
    if (taken != nullptr) {
      if (candidate->rule != taken)
        out.push_back({candidate->rule->name, "not tried: " + taken->name + " comes first"});
      continue;
    }
    Verdict verdict = judge(*candidate, request);
    if (verdict.misfit == Misfit::kNone) {
      taken = candidate->rule;
    } else {
      out.push_back({candidate->rule->name, reason(*candidate, request, verdict)});
    }
  }
}

} // namespace

std::vector<Rejection> Table::explain(const Request& request) const {
  int32_t at = impl_->index.find(request.host);
  if (at < 0) return {{"", "no listener covers host " + quoted(request.host)}};
  std::vector<Rejection> out;
  const CompiledListener& listener = impl_->listeners[static_cast<size_t>(at)];
  int32_t host_at = listener.index.find(request.host);
  const VirtualHost* host = host_at < 0 ? nullptr : &listener.hosts[static_cast<size_t>(host_at)];
  if (host != nullptr) explain_candidates(*host, request, out);
  explain_hosts(impl_->specs[static_cast<size_t>(at)], request, host, out);
  return out;
}

} // namespace kgw::route
