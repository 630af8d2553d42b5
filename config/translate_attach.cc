#include "config/translate_attach.h"

#include <algorithm>

#include <fmt/format.h>

namespace kgw::config {
namespace {

using nlohmann::json;

json parent_json(const ObjectRef& ref) {
  json out = {{"group", ref.group}, {"kind", ref.kind}, {"name", ref.name}};
  if (!ref.namespace_name.empty()) out["namespace"] = ref.namespace_name;
  if (!ref.section_name.empty()) out["sectionName"] = ref.section_name;
  if (ref.port) out["port"] = *ref.port;
  return out;
}

bool named_by(const ObjectRef& ref, const Listener& listener) {
  return (ref.section_name.empty() || ref.section_name == listener.name) && (!ref.port || *ref.port == listener.port);
}

bool allows_namespace(const ListenerState& state, const std::string& namespace_name, const Inventory& inventory) {
  switch (state.listener->from) {
  case Listener::From::kAll: return true;
  case Listener::From::kSame: return state.gateway->object.id.namespace_name == namespace_name;
  case Listener::From::kSelector: break;
  }
  return selects(state.listener->selector, inventory.namespace_labels(namespace_name));
}

std::vector<std::string> common_hostnames(const std::string& listener, const std::vector<std::string>& route) {
  std::vector<std::string> common;
  auto add = [&](std::string_view hostname) {
    auto both = route::intersect_hostnames(listener, hostname);
    if (both.ok && std::ranges::find(common, both.hostname) == common.end()) common.emplace_back(both.hostname);
  };
  if (route.empty()) add("");
  for (const std::string& hostname : route) add(hostname);
  return common;
}

// How far a route came with the listeners of one Gateway; the furthest step names the reason of a refusal.
enum class Step : uint8_t { kNone, kNamed, kAllowed, kHostname };

class ParentWalk {
 public:
  ParentWalk(const StoredObject& route, const Inventory& inventory, Attachment& attachment)
      : route_(route), inventory_(inventory), attachment_(attachment) {}

  Condition walk(const ObjectRef& ref, GatewayState& gateway) {
    Step furthest = Step::kNone;
    bool conflicted = false, takes_routes = false;
    for (ListenerState& state : gateway.listeners) {
      if (!named_by(ref, *state.listener)) continue;
      conflicted |= state.summary.conflicted;
      takes_routes |= state.summary.takes_http_routes;
      furthest = std::max(furthest, state.summary.conflicted ? Step::kNone : offer(state));
    }
    switch (furthest) {
    case Step::kHostname: return {"Accepted", true, "Accepted", "Route is accepted"};
    case Step::kAllowed:
      return {"Accepted", false, "NoMatchingListenerHostname", "No hostname of the route lies inside a listener's"};
    case Step::kNamed:
      return {"Accepted", false, "NotAllowedByListeners",
              takes_routes ? "No listener allows HTTPRoutes of this namespace" : "No listener takes HTTPRoutes"};
    case Step::kNone: break;
    }
    return {"Accepted", false, "NoMatchingParent",
            conflicted ? "The listener is in conflict with another one" : "No listener has this sectionName and port"};
  }

 private:
  Step offer(ListenerState& state) {
    const auto& namespace_name = route_.object.id.namespace_name;
    if (!state.summary.takes_http_routes || !allows_namespace(state, namespace_name, inventory_)) return Step::kNamed;
    auto hostnames = common_hostnames(state.listener->hostname, payload<HttpRoute>(route_).hostnames);
    if (hostnames.empty()) return Step::kAllowed;
    auto& taken = attachment_.listeners;
    bool again = std::ranges::any_of(taken, [&](const auto& entry) { return entry.first == &state; });
    if (!again) {
      ++state.summary.attached;
      taken.emplace_back(&state, std::move(hostnames));
    }
    return Step::kHostname;
  }

  const StoredObject& route_;
  const Inventory& inventory_;
  Attachment& attachment_;
};

} // namespace

Attachment attach_route(const StoredObject& route, const GatewayIndex& gateways, const Inventory& inventory,
                        Warnings& warnings) {
  Attachment attachment;
  ParentWalk walk(route, inventory, attachment);
  const auto& parents = payload<HttpRoute>(route).parents;
  for (size_t i = 0; i < parents.size(); ++i) {
    const ObjectRef& ref = parents[i];
    std::string path = at_index("spec.parentRefs", i);
    if (ref.group != kGatewayApiGroup || ref.kind != "Gateway") {
      warnings.add(route.object, ref.at, path, ProblemClass::kAdvice,
                   fmt::format("a parent of kind {} has no effect here; only Gateways carry routes", ref.kind));
      continue;
    }
    const auto& namespace_name = ref.namespace_name.empty() ? route.object.id.namespace_name : ref.namespace_name;
    auto found = gateways.find({namespace_name, ref.name});
    if (found == gateways.end()) {
      warnings.add(route.object, ref.at, path, ProblemClass::kNotFound,
                   fmt::format("not found: Gateway {}/{} does not exist; the route is not served there", namespace_name,
                               ref.name));
      continue;
    }
    Condition accepted = walk.walk(ref, *found->second);
    if (!accepted.holds) {
      warnings.add(route.object, ref.at, path, ProblemClass::kAdvice,
                   fmt::format("the route is not accepted by Gateway {}/{} ({}): {}", namespace_name, ref.name,
                               accepted.reason, accepted.message));
    }
    attachment.parents.push_back({parent_json(ref), {std::move(accepted)}});
  }
  return attachment;
}

} // namespace kgw::config
