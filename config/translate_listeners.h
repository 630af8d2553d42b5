#pragma once
// Listeners of all Gateways: where each binds, which clash, and what they take.

#include <string>
#include <vector>

#include "config/translate_inventory.h"
#include "config/translate_warnings.h"

namespace kgw::config {

struct BindPlace {
  std::string address;
  uint16_t port = 0;
  auto operator<=>(const BindPlace&) const = default;
};

struct ListenerState {
  const StoredObject* gateway = nullptr;
  const Listener* listener = nullptr;
  ListenerSummary summary;
  std::vector<BindPlace> places; // one per address of the Gateway
  std::vector<route::RuleSpec> rules;
  snapshot::ListenerSettings settings;
  std::vector<snapshot::CertificateSpec> certificates; // HTTPS
};

struct GatewayState {
  GatewaySummary summary; // without its listeners
  std::vector<ListenerState> listeners;
};

// In the order of Inventory::gateways. --listen beats spec.addresses beats --host.
std::vector<GatewayState> plan_listeners(const Inventory& inventory, const TranslateOptions& options,
                                         Warnings& warnings);

// Moves what the listeners gathered into the Spec; a listener of several addresses appears once for each.
void emit_listeners(std::vector<GatewayState>& gateways, snapshot::Spec& spec);

} // namespace kgw::config
