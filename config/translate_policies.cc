#include "config/translate_policies.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/time_budget.h"
#include "config/translate_advice.h"

namespace kgw::config {
namespace {

const RuleOptions& options_of(const StoredObject& policy) {
  if (policy.object.id.kind == Kind::kTrafficPolicy) return payload<TrafficPolicy>(policy);
  return payload<RouteOption>(policy);
}

const std::vector<PolicyTarget>& targets_of(const StoredObject& policy) {
  if (policy.object.id.kind == Kind::kTrafficPolicy) return payload<TrafficPolicy>(policy).targets;
  return payload<RouteOption>(policy).targets;
}

void add(Sources& sources, const StoredObject& policy, Ancestor ancestor) {
  if (std::ranges::find(sources, &policy, &Source::object) != sources.end()) return;
  sources.push_back({&policy, &options_of(policy), std::move(ancestor)});
}

// The first source that sets the option gives it whole.
template <typename Member> const Source* giver(const Sources& sources, Member member) {
  auto found = std::ranges::find_if(sources, [&](const Source& s) { return (s.options->*member).has_value(); });
  return found == sources.end() ? nullptr : &*found;
}

// Where nothing says how long the whole request may take, the default must not cut off what the limit of one attempt
// leaves room for: several full attempts.
void apply_backend_request(const HttpRouteRule& rule, bool has_timeout, snapshot::ActionSpec& action) {
  if (!rule.backend_request) return;
  action.retry.per_try_timeout = *rule.backend_request;
  action.retry.per_try_until = retry::PerTryUntil::kComplete;
  TimeBudget budget = time_budget(action.retry, action.timeout, *rule.backend_request);
  if (!has_timeout && longest(budget) >= action.timeout) action.timeout = Duration::zero();
}

} // namespace

Policies::Policies(const Inventory& inventory, const TranslateOptions& options, Warnings& warnings)
    : inventory_(inventory), options_(options), warnings_(warnings),
      targets_(inventory, warnings, {Kind::kHttpRoute, Kind::kGateway}) {
  for (const StoredObject* policy : inventory.rule_policies()) targets_.add(*policy, targets_of(*policy));
}

Sources Policies::around(const StoredObject& gateway, const std::string& listener) const {
  Sources sources;
  const Identity& id = gateway.object.id;
  for (const StoredObject* policy : targets_.attached(id, listener)) add(sources, *policy, ancestor_of(id, listener));
  for (const StoredObject* policy : targets_.attached(id)) add(sources, *policy, ancestor_of(id));
  return sources;
}

Sources Policies::sources(const StoredObject& route, size_t rule_index,
                          const std::vector<const StoredObject*>& extensions, const Sources& around) const {
  const Identity& id = route.object.id;
  const HttpRouteRule& rule = payload<HttpRoute>(route).rules[rule_index];
  Sources sources = {{&route, &rule.own, {}}};
  for (const StoredObject* policy : extensions) add(sources, *policy, ancestor_of(id));
  if (!rule.name.empty()) {
    for (const StoredObject* policy : targets_.attached(id, rule.name))
      add(sources, *policy, ancestor_of(id, rule.name));
  }
  for (const StoredObject* policy : targets_.attached(id)) add(sources, *policy, ancestor_of(id));
  for (const Source& source : around) add(sources, *source.object, source.ancestor);
  return sources;
}

void Policies::apply(const StoredObject& route, size_t rule_index, const Sources& sources,
                     snapshot::ActionSpec& action) {
  const HttpRouteRule& rule = payload<HttpRoute>(route).rules[rule_index];
  const Source* timeout = giver(sources, &RuleOptions::timeout);
  const Source* retries = giver(sources, &RuleOptions::retries);
  const Source* host = giver(sources, &RuleOptions::host_rewrite);
  const Source* faults = giver(sources, &RuleOptions::faults);
  const Source* stream = giver(sources, &RuleOptions::stream_duration);
  const Source* idle = giver(sources, &RuleOptions::stream_idle);
  if (timeout != nullptr) action.timeout = *timeout->options->timeout;
  if (retries != nullptr) action.retry = *retries->options->retries;
  if (host != nullptr) action.host_rewrite = *host->options->host_rewrite;
  if (faults != nullptr) action.faults = *faults->options->faults;
  if (idle != nullptr) action.stream_idle = *idle->options->stream_idle;
  apply_backend_request(rule, timeout != nullptr, action);
  if (stream != nullptr) {
    // Envoy: a route with this option has no other total.
    action.stream_duration = *stream->options->stream_duration;
    action.timeout = Duration::zero();
  }
  action.settings = settings_of(route, sources);
  if (action.retry.previous_hosts) action.settings.previous_hosts = 1;
  note_uses(sources, {timeout, retries, host, faults, stream, idle});
  advise({route, rule_index, retries, timeout, stream, action}, warnings_);
}

snapshot::RouteSettings Policies::settings_of(const StoredObject& route, const Sources& sources) {
  snapshot::Settings settings = options_.settings;
  apply_annotations(route.object, snapshot::Scope::kRoute, settings, warnings_);
  // From the weakest to the strongest, so that the strongest has the last word.
  for (auto source = sources.rbegin(); source != sources.rend(); ++source) {
    if (source->is_policy()) apply_annotations(source->object->object, snapshot::Scope::kRoute, settings, warnings_);
  }
  return settings.route;
}

void Policies::note_uses(const Sources& sources, const std::vector<const Source*>& givers) {
  bool several = std::ranges::count_if(sources, &Source::is_policy) > 1;
  for (const Source& source : sources) {
    if (!source.is_policy()) continue;
    PolicyUse& use = targets_.use(*source.object, source.ancestor);
    use.asked = true;
    use.effective |= source.options->empty() || std::ranges::find(givers, &source) != givers.end();
    use.merged |= several;
  }
}

void Policies::note_inapplicable(const StoredObject& route, size_t rule_index, const Sources& sources) {
  const HttpRouteRule& rule = payload<HttpRoute>(route).rules[rule_index];
  for (const Source& source : sources) {
    // A policy of a whole Gateway says nothing about one rule.
    bool about_route = source.is_policy() && source.ancestor.kind == route.object.id.kind_name;
    if (!about_route) continue;
    warnings_.add(route.object, rule.at, at_index("spec.rules", rule_index), ProblemClass::kAdvice,
                  fmt::format("the rule is answered by a DirectResponse; the options of {} do not apply to it",
                              source.object->object.id.text()));
    targets_.use(*source.object, source.ancestor);
  }
}

} // namespace kgw::config
