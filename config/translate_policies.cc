#include "config/translate_policies.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/translate_advice.h"

namespace kgw::config {
namespace {

const std::vector<const StoredObject*> kNone;
constexpr size_t kMostAncestors = 16; // what the API allows in a policy's status

const RouteOption& options_of(const StoredObject* source) { return payload<RouteOption>(*source); }

// The first source that sets the option gives it whole.
template <typename Member> const StoredObject* giver(const std::vector<const StoredObject*>& sources, Member member) {
  auto found =
      std::ranges::find_if(sources, [&](const StoredObject* s) { return (options_of(s).*member).has_value(); });
  return found == sources.end() ? nullptr : *found;
}

} // namespace

Policies::Policies(const Inventory& inventory, const TranslateOptions& options, Warnings& warnings)
    : inventory_(inventory), options_(options), warnings_(warnings) {
  for (const StoredObject* option : inventory.options()) find_targets(*option);
}

void Policies::find_targets(const StoredObject& option) {
  const std::string& home = option.object.id.namespace_name;
  const auto& targets = payload<RouteOption>(option).targets;
  for (size_t i = 0; i < targets.size(); ++i) {
    const ObjectRef& ref = targets[i];
    Use use;
    if (ref.group != kGatewayApiGroup || ref.kind != "HTTPRoute") {
      use = {false, false, fmt::format("a RouteOption cannot target a {}", ref.kind), "Invalid"};
    } else if (!ref.namespace_name.empty() && ref.namespace_name != home) {
      use = {false, false, fmt::format("only HTTPRoutes of namespace {} can be targeted", home), "TargetNotFound"};
    } else if (inventory_.find(Kind::kHttpRoute, home, ref.name) == nullptr) {
      use = {false, false, fmt::format("HTTPRoute {}/{} does not exist", home, ref.name), "TargetNotFound"};
    } else {
      auto& reaching = targeting_[{home, ref.name}];
      if (std::ranges::find(reaching, &option) == reaching.end()) reaching.push_back(&option);
      continue;
    }
    warnings_.add(option.object, ref.at, at_index("spec.targetRefs", i), ProblemClass::kNotFound, use.missing);
    uses_of(option)[ref.name] = std::move(use);
  }
}

const std::vector<const StoredObject*>& Policies::targeting(const StoredObject& route) const {
  auto found = targeting_.find({route.object.id.namespace_name, route.object.id.name});
  return found == targeting_.end() ? kNone : found->second;
}

const Rejection* Policies::blocked_by(const StoredObject& route) const {
  for (const auto& [id, rejection] : inventory_.rejections()) {
    if (!rejection.protection || id.kind != Kind::kRouteOption) continue;
    if (id.namespace_name != route.object.id.namespace_name) continue;
    if (std::ranges::find(rejection.targets, route.object.id.name) != rejection.targets.end()) return &rejection;
  }
  return nullptr;
}

void Policies::apply(const StoredObject& route, size_t rule_index, const std::vector<const StoredObject*>& sources,
                     snapshot::ActionSpec& action) {
  const HttpRouteRule& rule = payload<HttpRoute>(route).rules[rule_index];
  const StoredObject* timeout = rule.request_timeout ? nullptr : giver(sources, &RouteOption::timeout);
  const StoredObject* retries = giver(sources, &RouteOption::retries);
  const StoredObject* host = giver(sources, &RouteOption::host_rewrite);
  if (host != nullptr) action.host_rewrite = *options_of(host).host_rewrite;
  if (timeout != nullptr) action.timeout = *options_of(timeout).timeout;
  if (rule.request_timeout) action.timeout = *rule.request_timeout;
  if (retries != nullptr) action.retry = *options_of(retries).retries;
  if (rule.backend_request_timeout) action.retry.per_try_timeout = *rule.backend_request_timeout;

  snapshot::Settings settings = options_.settings;
  apply_annotations(route.object, snapshot::Scope::kRoute, settings, warnings_);
  for (const StoredObject* source : sources) {
    const RouteOption& option = options_of(source);
    Use& use = uses_of(*source)[route.object.id.name];
    use.effective |= source == timeout || source == retries || source == host ||
                     (!option.timeout && !option.retries && !option.host_rewrite);
    use.merged |= sources.size() > 1;
  }
  // From the weakest to the strongest, so that the strongest has the last word.
  for (auto source = sources.rbegin(); source != sources.rend(); ++source) {
    apply_annotations((*source)->object, snapshot::Scope::kRoute, settings, warnings_);
  }
  action.settings = settings.route;
  advise(route, rule_index, retries, action, warnings_);
}

void Policies::note_inapplicable(const StoredObject& route, size_t rule_index,
                                 const std::vector<const StoredObject*>& sources) {
  const HttpRouteRule& rule = payload<HttpRoute>(route).rules[rule_index];
  for (const StoredObject* source : sources) {
    warnings_.add(route.object, rule.at, at_index("spec.rules", rule_index), ProblemClass::kAdvice,
                  fmt::format("the rule is answered by a DirectResponse; the options of {} do not apply to it",
                              source->object.id.text()));
    uses_of(*source)[route.object.id.name].effective = true;
  }
}

std::vector<ReferenceStatuses> Policies::statuses() const {
  std::vector<ReferenceStatuses> result;
  for (const StoredObject* option : inventory_.options()) {
    ReferenceStatuses statuses{option->object.id, {}};
    auto uses = uses_.find(option);
    if (uses != uses_.end()) {
      for (const auto& [route, use] : uses->second) {
        if (statuses.entries.size() == kMostAncestors) break;
        nlohmann::json ref = {{"group", kGatewayApiGroup},
                              {"kind", "HTTPRoute"},
                              {"namespace", option->object.id.namespace_name},
                              {"name", route}};
        bool found = use.missing.empty();
        Condition accepted{"Accepted", found, found ? "Valid" : use.reason,
                           found ? "The options are valid" : use.missing};
        Condition attached{"Attached", true, use.merged ? "Merged" : "Attached", "The options are in force"};
        if (!found) attached = {"Attached", false, "TargetNotFound", use.missing};
        if (found && !use.effective)
          attached = {"Attached", false, "Overridden", "Other sources give all of its options"};
        statuses.entries.push_back({std::move(ref), {std::move(accepted), std::move(attached)}});
      }
    }
    result.push_back(std::move(statuses));
  }
  return result;
}

} // namespace kgw::config
