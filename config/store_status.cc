// Translation seen from the store: statuses are written back to the objects.

#include <algorithm>

#include "config/conditions_gateway.h"
#include "config/store_impl.h"
#include "config/store_stamp.h"
#include "config/translate_inventory.h"

namespace kgw::config {
namespace {

using nlohmann::json;

// What `kubectl` and the conformance suite may expect of a class of ours. Sorted, as the API demands.
constexpr const char* kFeatures[] = {"Gateway",
                                     "GatewayHTTPListenerIsolation",
                                     "HTTPRoute",
                                     "HTTPRouteBackendTimeout",
                                     "HTTPRouteMethodMatching",
                                     "HTTPRouteParentRefPort",
                                     "HTTPRouteQueryParamMatching",
                                     "HTTPRouteRequestTimeout",
                                     "ReferenceGrant"};

bool is_ours(const StoredObject& gateway_class) {
  return member(member(gateway_class.json, "spec"), "controllerName") == kControllerName;
}

json class_status(const StoredObject& gateway_class, const std::string& now) {
  json features = json::array();
  for (const char* name : kFeatures) features.push_back({{"name", name}});
  Conditions accepted = {{"Accepted", true, "Accepted", "Gateways of this class are served"}};
  return {{"conditions",
           conditions_json(accepted, gateway_class.generation, member(gateway_class.status, "conditions"), now)},
          {"supportedFeatures", std::move(features)}};
}

} // namespace

Store::Translation Store::translate(const TranslateOptions& options) {
  Translated translated = translate_objects(Inventory(impl_->objects, impl_->rejections), options);
  const std::string now = rfc3339(impl_->now_s());
  auto write = [&](const std::vector<ReferenceStatuses>& list, ReferenceRole role) {
    for (const ReferenceStatuses& statuses : list) {
      StoredObject& object = impl_->objects.at(statuses.id);
      impl_->set_status(object, references_json(role, statuses.entries, object.generation, object.status, now));
    }
  };
  write(translated.routes, ReferenceRole::kParent);
  write(translated.policies, ReferenceRole::kAncestor);
  impl_->gateways = std::move(translated.gateways);
  impl_->write_gateway_statuses(now);
  for (auto& [id, object] : impl_->objects) {
    if (id.kind == Kind::kGatewayClass && is_ours(object)) impl_->set_status(object, class_status(object, now));
  }
  return {std::move(translated.spec), std::move(translated.warnings)};
}

void Store::report_bindings(const std::vector<ListenerBinding>& bindings) {
  for (const ListenerBinding& binding : bindings) impl_->bindings[binding.listener].clear();
  for (const ListenerBinding& binding : bindings) impl_->bindings[binding.listener].push_back(binding);
  impl_->write_gateway_statuses(rfc3339(impl_->now_s()));
}

void Store::Impl::write_gateway_statuses(const std::string& now) {
  for (const GatewaySummary& summary : gateways) {
    StoredObject* gateway = find(summary.id);
    if (gateway != nullptr) set_status(*gateway, gateway_status(summary, bindings, gateway->status, now));
  }
  // Forget sockets of listeners that are gone: one of the same name starts anew.
  std::erase_if(bindings, [&](const auto& entry) {
    return std::ranges::none_of(gateways, [&](const GatewaySummary& summary) {
      return std::ranges::find(summary.listeners, entry.first, &ListenerSummary::full_name) != summary.listeners.end();
    });
  });
}

} // namespace kgw::config
