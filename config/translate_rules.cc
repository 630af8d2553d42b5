#include "config/translate_rules.h"

#include <algorithm>

#include <fmt/format.h>

namespace kgw::config {
namespace {

constexpr std::string_view kKgateway = "gateway.kgateway.dev", kSolo = "gateway.solo.io";

bool is_route_option(const ObjectRef& ref) {
  return ref.kind == "RouteOption" && (ref.group == kSolo || ref.group == kKgateway);
}
bool is_direct_response(const ObjectRef& ref) { return ref.kind == "DirectResponse" && ref.group == kKgateway; }

std::string rule_name(const Identity& route, const HttpRouteRule& rule, size_t index) {
  return fmt::format("{}/{}/{}", route.namespace_name, route.name,
                     rule.name.empty() ? std::to_string(index) : rule.name);
}

} // namespace

TranslatedRules Rules::translate(const StoredObject& route, bool served) {
  resolved_ = {"ResolvedRefs", true, "ResolvedRefs", "All references are resolved"};
  TranslatedRules result;
  const Identity& id = route.object.id;
  for (size_t i = 0; i < payload<HttpRoute>(route).rules.size(); ++i) {
    result.actions.push_back(translate_rule(route, i, served));
  }
  const Rejection* own = inventory_.rejection(Kind::kHttpRoute, id.namespace_name, id.name);
  const Rejection* block = own != nullptr && own->protection ? own : policies_.blocked_by(route);
  result.conditions.push_back(resolved_);
  if (block != nullptr) {
    for (snapshot::ActionSpec& action : result.actions) action = {.rule = action.rule};
    std::string message = "Dropped Rule: all rules answer 500, a protection was refused: " + block->reason;
    warnings_.add(route.object, {}, "spec.rules", ProblemClass::kNotSupported, message);
    result.conditions.push_back({"PartiallyInvalid", true, "UnsupportedValue", std::move(message)});
  }
  return result;
}

snapshot::ActionSpec Rules::translate_rule(const StoredObject& route, size_t rule_index, bool served) {
  const HttpRouteRule& rule = payload<HttpRoute>(route).rules[rule_index];
  snapshot::ActionSpec action;
  action.rule = rule_name(route.object.id, rule, rule_index);
  Extensions extensions = resolve_extensions(route, rule_index);
  std::vector<snapshot::WeightedBackend> backends = resolve_backends(route, rule_index, served);
  for (const StoredObject* option : policies_.targeting(route)) {
    if (std::ranges::find(extensions.options, option) == extensions.options.end()) extensions.options.push_back(option);
  }
  if (extensions.broken) return action;
  if (extensions.direct != nullptr) {
    action.kind = snapshot::ActionKind::kDirect;
    action.status = extensions.direct->status;
    action.body = extensions.direct->body;
    policies_.note_inapplicable(route, rule_index, extensions.options);
    return action;
  }
  policies_.apply(route, rule_index, extensions.options, action);
  if (backends.empty()) return action; // nothing answers this rule: 500
  action.kind = snapshot::ActionKind::kForward;
  action.backends = std::move(backends);
  return action;
}

Rules::Extensions Rules::resolve_extensions(const StoredObject& route, size_t rule_index) {
  Extensions out;
  const auto& refs = payload<HttpRoute>(route).rules[rule_index].extension_refs;
  for (size_t i = 0; i < refs.size(); ++i) {
    resolve_extension(route, refs[i], at_index(at_index("spec.rules", rule_index) + ".filters", i) + ".extensionRef",
                      out);
  }
  return out;
}

void Rules::resolve_extension(const StoredObject& route, const ObjectRef& ref, const std::string& path,
                              Extensions& out) {
  if (!is_route_option(ref) && !is_direct_response(ref)) {
    out.broken = true;
    return unresolved(route, ref.at, path, "InvalidKind",
                      fmt::format("{}/{} is no kind of filter", ref.group, ref.kind));
  }
  Kind kind = is_route_option(ref) ? Kind::kRouteOption : Kind::kDirectResponse;
  const std::string& home = route.object.id.namespace_name;
  const StoredObject* found = inventory_.find(kind, home, ref.name);
  const Rejection* rejection = inventory_.rejection(kind, home, ref.name);
  if (found == nullptr || (rejection != nullptr && rejection->protection)) {
    out.broken = true;
    return unresolved(route, ref.at, path, "BackendNotFound",
                      rejection == nullptr
                          ? fmt::format("{} {}/{} does not exist", ref.kind, home, ref.name)
                          : fmt::format("{} {}/{} was refused: {}", ref.kind, home, ref.name, rejection->reason));
  }
  if (kind == Kind::kRouteOption) {
    if (std::ranges::find(out.options, found) == out.options.end()) out.options.push_back(found);
  } else if (out.direct == nullptr) {
    out.direct = &payload<DirectResponse>(*found);
  }
}

std::vector<snapshot::WeightedBackend> Rules::resolve_backends(const StoredObject& route, size_t rule_index,
                                                               bool served) {
  const auto& refs = payload<HttpRoute>(route).rules[rule_index].backends;
  std::vector<snapshot::WeightedBackend> backends;
  for (size_t i = 0; i < refs.size(); ++i) {
    BackendTarget target = resolve_backend(route, refs[i], inventory_);
    if (target.object == nullptr) {
      unresolved(route, refs[i].at, at_index(at_index("spec.rules", rule_index) + ".backendRefs", i), target.reason,
                 target.message);
    }
    backends.push_back({refs[i].weight, target.object != nullptr && served ? clusters_.index_of(target) : -1});
  }
  return backends;
}

// The first unresolved reference gives the condition; each is a warning.
void Rules::unresolved(const StoredObject& route, Position at, const std::string& path, const std::string& reason,
                       const std::string& message) {
  if (resolved_.holds) resolved_ = {"ResolvedRefs", false, reason, message};
  warnings_.add(route.object, at, path, ProblemClass::kNotFound, message + "; its requests answer 500");
}

} // namespace kgw::config
