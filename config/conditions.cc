#include "config/conditions.h"

namespace kgw::config {
namespace {

using nlohmann::json;

const json kNull;

const json* previous_condition(const json& previous, std::string_view type) {
  if (!previous.is_array()) return nullptr;
  for (const json& condition : previous) {
    if (member(condition, "type") == type) return &condition;
  }
  return nullptr;
}

} // namespace

const json& member(const json& value, std::string_view key) {
  if (!value.is_object()) return kNull;
  auto found = value.find(key);
  return found == value.end() ? kNull : *found;
}

const json& conditions_of(const json& list, std::string_view key, const json& value) {
  if (!list.is_array()) return kNull;
  for (const json& item : list) {
    if (member(item, key) == value) return member(item, "conditions");
  }
  return kNull;
}

json conditions_json(const Conditions& conditions, int64_t generation, const json& previous, const std::string& now) {
  json list = json::array();
  for (const Condition& condition : conditions) {
    const char* status = condition.holds ? "True" : "False";
    const json* before = previous_condition(previous, condition.type);
    bool kept = before != nullptr && member(*before, "status") == status;
    list.push_back({{"type", condition.type},
                    {"status", status},
                    {"reason", condition.reason},
                    {"message", condition.message},
                    {"observedGeneration", generation},
                    {"lastTransitionTime", kept ? member(*before, "lastTransitionTime") : json(now)}});
  }
  return list;
}

json references_json(ReferenceRole role, const std::vector<ReferenceStatus>& entries, int64_t generation,
                     const json& previous, const std::string& now) {
  const bool parent = role == ReferenceRole::kParent;
  const char *list_key = parent ? "parents" : "ancestors", *ref_key = parent ? "parentRef" : "ancestorRef";
  const json& before = member(previous, list_key);
  json list = json::array();
  for (const ReferenceStatus& entry : entries) {
    const json& conditions = conditions_of(before, ref_key, entry.ref);
    list.push_back({{ref_key, entry.ref},
                    {"controllerName", kControllerName},
                    {"conditions", conditions_json(entry.conditions, generation, conditions, now)}});
  }
  return {{list_key, std::move(list)}};
}

} // namespace kgw::config
