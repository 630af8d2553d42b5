#include "config/translate_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kgw::config {
namespace {

constexpr std::string_view kKgateway = "gateway.kgateway.dev", kSolo = "gateway.solo.io";

// What a filter of type ExtensionRef may name.
std::optional<Kind> extension_kind(const ObjectRef& ref) {
  if (ref.kind == "RouteOption" && (ref.group == kSolo || ref.group == kKgateway)) return Kind::kRouteOption;
  if (ref.kind == "TrafficPolicy" && ref.group == kKgateway) return Kind::kTrafficPolicy;
  if (ref.kind == "DirectResponse" && ref.group == kKgateway) return Kind::kDirectResponse;
  return std::nullopt;
}

// A backend whose policy asked for TLS, in vain so far.
void refuse_blocked(BackendTarget& target, const Blocks& blocks) {
  const Rejection* rejection = blocks.of_backend(*target.object);
  if (rejection == nullptr) return;
  target = {nullptr, nullptr, "UnsupportedProtocol",
            fmt::format("{}: a policy of it was refused: {}", target.object->object.id.text(), rejection->reason)};
}

std::string rule_name(const Identity& route, const HttpRouteRule& rule, size_t index) {
  return fmt::format("{}/{}/{}", route.namespace_name, route.name,
                     rule.name.empty() ? std::to_string(index) : rule.name);
}

} // namespace

TranslatedRules Rules::translate(const StoredObject& route, bool served, const Sources& around) {
  resolved_ = {"ResolvedRefs", true, "ResolvedRefs", "All references are resolved"};
  TranslatedRules result;
  for (size_t i = 0; i < payload<HttpRoute>(route).rules.size(); ++i) {
    result.actions.push_back(translate_rule(route, i, served, around));
  }
  result.conditions.push_back(resolved_);
  if (auto blocked = block(route, result.actions)) result.conditions.push_back(std::move(*blocked));
  return result;
}

std::optional<Condition> Rules::block(const StoredObject& route, std::vector<snapshot::ActionSpec>& actions) {
  const auto& rules = payload<HttpRoute>(route).rules;
  const Rejection* rejection = nullptr;
  std::vector<std::string> names;
  for (size_t i = 0; i < rules.size(); ++i) {
    const Rejection* found = blocks_.of_rule(route, rules[i]);
    if (found == nullptr) continue;
    rejection = found;
    names.push_back(rules[i].name);
    actions[i] = {.rule = actions[i].rule};
  }
  if (rejection == nullptr) return std::nullopt;
  std::string which =
      names.size() == rules.size() ? "all rules answer 500" : fmt::format("{} answers 500", fmt::join(names, ", "));
  std::string message = fmt::format("Dropped Rule: {}, a protection was refused: {}", which, rejection->reason);
  warnings_.add(route.object, {}, "spec.rules", ProblemClass::kNotSupported, message);
  return Condition{"PartiallyInvalid", true, "UnsupportedValue", std::move(message)};
}

snapshot::ActionSpec Rules::translate_rule(const StoredObject& route, size_t rule_index, bool served,
                                           const Sources& around) {
  const HttpRouteRule& rule = payload<HttpRoute>(route).rules[rule_index];
  snapshot::ActionSpec action;
  action.rule = rule_name(route.object.id, rule, rule_index);
  Extensions extensions = resolve_extensions(route, rule_index);
  std::vector<snapshot::WeightedBackend> backends = resolve_backends(route, rule_index, served);
  if (extensions.broken) return action;
  Sources sources = policies_.sources(route, rule_index, extensions.policies, around);
  if (extensions.direct != nullptr) {
    action.kind = snapshot::ActionKind::kDirect;
    action.status = extensions.direct->status;
    action.body = extensions.direct->body;
    policies_.note_inapplicable(route, rule_index, sources);
    return action;
  }
  policies_.apply(route, rule_index, sources, action);
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
  const std::optional<Kind> kind = extension_kind(ref);
  if (!kind) {
    out.broken = true;
    return unresolved(route, ref.at, path, "InvalidKind",
                      fmt::format("{}/{} is no kind of filter", ref.group, ref.kind));
  }
  const std::string& home = route.object.id.namespace_name;
  const StoredObject* found = inventory_.find(*kind, home, ref.name);
  const Rejection* rejection = inventory_.rejection(*kind, home, ref.name);
  if (found == nullptr || (rejection != nullptr && rejection->protection)) {
    out.broken = true;
    return unresolved(route, ref.at, path, "BackendNotFound",
                      rejection == nullptr
                          ? fmt::format("{} {}/{} does not exist", ref.kind, home, ref.name)
                          : fmt::format("{} {}/{} was refused: {}", ref.kind, home, ref.name, rejection->reason));
  }
  if (kind != Kind::kDirectResponse) {
    out.policies.push_back(found);
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
    if (target.object != nullptr) refuse_blocked(target, blocks_);
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
