#include "config/translate_targets.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/store_impl.h"

namespace kgw::config {
namespace {

constexpr size_t kMostAncestors = 16; // what the API allows in a policy's status

const std::vector<const StoredObject*> kNone;
const std::map<Ancestor, PolicyUse> kUnused;

// Rules of a route and listeners of a Gateway are sections; nothing else has any.
bool has_section(const StoredObject& object, const std::string& name) {
  if (object.object.id.kind == Kind::kHttpRoute) {
    const auto& rules = payload<HttpRoute>(object).rules;
    return std::ranges::find(rules, name, &HttpRouteRule::name) != rules.end();
  }
  if (object.object.id.kind != Kind::kGateway) return false;
  const auto& listeners = payload<Gateway>(object).listeners;
  return std::ranges::find(listeners, name, &Listener::name) != listeners.end();
}

bool has_labels(const StoredObject& object, const Labels& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& label) {
    auto found = object.object.labels.find(label.first);
    return found != object.object.labels.end() && found->second == label.second;
  });
}

nlohmann::json ancestor_json(const Ancestor& ancestor) {
  nlohmann::json ref = {{"group", ancestor.group},
                        {"kind", ancestor.kind},
                        {"namespace", ancestor.namespace_name},
                        {"name", ancestor.name}};
  if (!ancestor.section_name.empty()) ref["sectionName"] = ancestor.section_name;
  return ref;
}

Conditions policy_conditions(const PolicyUse& use) {
  if (!use.missing.empty()) {
    return {{"Accepted", false, use.reason, use.missing}, {"Attached", false, "TargetNotFound", use.missing}};
  }
  Condition attached{"Attached", true, use.merged ? "Merged" : "Attached", "The options are in force"};
  if (use.asked && !use.effective) {
    attached = {"Attached", false, "Overridden", "Other sources give all of its options"};
  }
  return {{"Accepted", true, "Valid", "The options are valid"}, std::move(attached)};
}

Conditions direct_conditions(const PolicyUse& use) {
  if (!use.missing.empty()) return {{"Accepted", false, use.reason, use.missing}};
  if (use.asked && !use.effective) {
    return {{"Accepted", false, "Conflicted", "An older policy says the same about the target"}};
  }
  return {{"Accepted", true, "Accepted", "The policy is in force"}};
}

void add_statuses(const std::vector<const StoredObject*>& policies, const PolicyTargets& targets,
                  Conditions (*conditions)(const PolicyUse&), std::vector<ReferenceStatuses>& out) {
  for (const StoredObject* policy : policies) {
    ReferenceStatuses statuses{policy->object.id, {}};
    for (const auto& [ancestor, use] : targets.uses(*policy)) {
      if (statuses.entries.size() == kMostAncestors) break;
      statuses.entries.push_back({ancestor_json(ancestor), conditions(use)});
    }
    out.push_back(std::move(statuses));
  }
}

} // namespace

Ancestor ancestor_of(const Identity& id, const std::string& section_name) {
  return {id.group, id.kind_name, id.namespace_name, id.name, section_name};
}

void PolicyTargets::add(const StoredObject& policy, const std::vector<PolicyTarget>& targets) {
  const std::string& home = policy.object.id.namespace_name;
  for (const PolicyTarget& target : targets) {
    const KindInfo* info = find_kind(target.group, target.kind);
    if (info == nullptr || std::ranges::find(kinds_, info->kind) == kinds_.end()) {
      miss(policy, target, "Invalid",
           fmt::format("{} is no kind that a {} can be attached to here", target.kind, policy.object.id.kind_name));
    } else if (!target.namespace_name.empty() && target.namespace_name != home) {
      miss(policy, target, "TargetNotFound",
           fmt::format("only {}s of namespace {} can be targeted", target.kind, home));
    } else if (target.name.empty()) {
      add_selected(policy, target, info->kind);
    } else {
      add_named(policy, target, info->kind);
    }
  }
}

void PolicyTargets::add_named(const StoredObject& policy, const PolicyTarget& target, Kind kind) {
  const std::string& home = policy.object.id.namespace_name;
  const StoredObject* object = inventory_.find(kind, home, target.name);
  const std::string name = fmt::format("{} {}/{}", target.kind, home, target.name);
  if (object == nullptr) return miss(policy, target, "TargetNotFound", name + " does not exist");
  if (!target.section_name.empty() && !has_section(*object, target.section_name)) {
    return miss(policy, target, "TargetNotFound",
                fmt::format("{} has no {} of the name {}", name, kind == Kind::kGateway ? "listener" : "rule",
                            target.section_name));
  }
  attach(policy, object->object.id, target.section_name);
}

void PolicyTargets::add_selected(const StoredObject& policy, const PolicyTarget& target, Kind kind) {
  const std::string& home = policy.object.id.namespace_name;
  bool any = false;
  for (const StoredObject* object : inventory_.all_of(kind, home)) {
    if (!has_labels(*object, target.labels)) continue;
    if (!target.section_name.empty() && !has_section(*object, target.section_name)) continue;
    attach(policy, object->object.id, target.section_name);
    any = true;
  }
  if (any) return;
  warnings_.add(policy.object, target.at, target.path, ProblemClass::kNotFound,
                fmt::format("selects nothing: no {} of namespace {} fits", target.kind, home));
}

void PolicyTargets::attach(const StoredObject& policy, const Identity& id, const std::string& section_name) {
  auto& list = attached_[{id, section_name}];
  if (std::ranges::find(list, &policy) == list.end()) list.push_back(&policy);
  use(policy, ancestor_of(id, section_name));
}

void PolicyTargets::miss(const StoredObject& policy, const PolicyTarget& target, const std::string& reason,
                         std::string text) {
  warnings_.add(policy.object, target.at, target.path, ProblemClass::kNotFound, text);
  if (target.name.empty()) return; // nobody to speak about
  PolicyUse& missed =
      use(policy, {target.group, target.kind, policy.object.id.namespace_name, target.name, target.section_name});
  missed.missing = std::move(text);
  missed.reason = reason;
}

const std::vector<const StoredObject*>& PolicyTargets::attached(const Identity& id,
                                                                const std::string& section_name) const {
  auto found = attached_.find({id, section_name});
  return found == attached_.end() ? kNone : found->second;
}

const std::map<Ancestor, PolicyUse>& PolicyTargets::uses(const StoredObject& policy) const {
  auto found = uses_.find(&policy);
  return found == uses_.end() ? kUnused : found->second;
}

void add_policy_statuses(const std::vector<const StoredObject*>& policies, const PolicyTargets& targets,
                         std::vector<ReferenceStatuses>& out) {
  add_statuses(policies, targets, policy_conditions, out);
}

void add_direct_statuses(const std::vector<const StoredObject*>& policies, const PolicyTargets& targets,
                         std::vector<ReferenceStatuses>& out) {
  add_statuses(policies, targets, direct_conditions, out);
}

} // namespace kgw::config
