#pragma once
// Status conditions: what kgwcore says about an object, in the shape of the Kubernetes API.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace kgw::config {

inline constexpr const char* kControllerName = "kgwcore.dev/kgwcore";
inline constexpr const char* kGatewayApiGroup = "gateway.networking.k8s.io";

struct Condition {
  std::string type;
  bool holds = true;
  std::string reason, message;
};
using Conditions = std::vector<Condition>;

// `previous`: the list that stood before, or anything else for none. lastTransitionTime is `now` for a condition whose
// status is new or changed, and stays otherwise.
nlohmann::json conditions_json(const Conditions& conditions, int64_t generation, const nlohmann::json& previous,
                               const std::string& now);

// What stands about one parent of a route, or one ancestor of a policy.
struct ReferenceStatus {
  nlohmann::json ref;
  Conditions conditions;
};
enum class ReferenceRole : uint8_t { kParent, kAncestor };
// {"parents": [...]} or {"ancestors": [...]}; `previous` is the status that stood before.
nlohmann::json references_json(ReferenceRole role, const std::vector<ReferenceStatus>& entries, int64_t generation,
                               const nlohmann::json& previous, const std::string& now);

// The conditions of the element of `list` whose member `key` equals `value`; null when there is none.
const nlohmann::json& conditions_of(const nlohmann::json& list, std::string_view key, const nlohmann::json& value);
// A member of an object; null when `value` is no object or lacks it.
const nlohmann::json& member(const nlohmann::json& value, std::string_view key);

} // namespace kgw::config
