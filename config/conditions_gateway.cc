#include "config/conditions_gateway.h"

#include <algorithm>

#include <fmt/format.h>

namespace kgw::config {
namespace {

using nlohmann::json;

// What became of a listener's sockets.
enum class Bound : uint8_t { kPending, kYes, kNo };
struct Socket {
  Bound bound = Bound::kPending;
  std::string error;
};

Socket socket_of(const ListenerSummary& listener, const BindingsByListener& bindings) {
  auto found = bindings.find(listener.full_name);
  if (found == bindings.end() || found->second.empty()) return {};
  auto failed = std::ranges::find(found->second, false, &ListenerBinding::bound);
  if (failed == found->second.end()) return {Bound::kYes, ""};
  return {Bound::kNo, fmt::format("{}:{}: {}", failed->address, failed->port, failed->error)};
}

Condition programmed(const ListenerSummary& listener, const Socket& socket, bool gateway_good) {
  if (!listener.good() || !gateway_good || socket.bound == Bound::kNo) {
    return {"Programmed", false, "Invalid", "See the other conditions"};
  }
  if (socket.bound == Bound::kPending) return {"Programmed", false, "Pending", "The socket is not open yet"};
  return {"Programmed", true, "Programmed", "The listener takes connections"};
}

Conditions listener_conditions(const ListenerSummary& listener, const Socket& socket, bool gateway_good) {
  Condition accepted{"Accepted", true, "Accepted", "Listener is accepted"};
  if (!listener.supported) {
    accepted = {"Accepted", false, "UnsupportedProtocol", fmt::format("Protocol {} is not served", listener.protocol)};
  } else if (socket.bound == Bound::kNo && listener.good()) {
    accepted = {"Accepted", false, "PortUnavailable", socket.error};
  }
  Condition conflicted{"Conflicted", false, "NoConflicts",
                       "No other listener claims the same address, port and hostname"};
  if (listener.conflicted) {
    conflicted = listener.protocol_conflict
                     ? Condition{"Conflicted", true, "ProtocolConflict",
                                 "Another listener claims the same address and port for another protocol"}
                     : Condition{"Conflicted", true, "HostnameConflict",
                                 "Another listener claims the same address, port and hostname"};
  }
  Condition resolved = listener.certificate;
  // One of several certificates is enough to serve, and the condition tells of the others.
  if (resolved.reason != "ResolvedRefs") resolved.holds = false;
  if (!listener.known_kinds) {
    resolved = {"ResolvedRefs", false, "InvalidRouteKinds", "allowedRoutes.kinds names a kind other than HTTPRoute"};
  }
  return {std::move(accepted), std::move(conflicted), std::move(resolved), programmed(listener, socket, gateway_good)};
}

// Counts over the listeners of one Gateway.
struct Tally {
  size_t good = 0, programmed = 0, failed = 0, all = 0;
  std::string error; // of the last socket that failed
};

Condition gateway_accepted(const GatewaySummary& gateway, const Tally& tally) {
  if (!gateway.unsupported_address.empty()) {
    return {"Accepted", false, "UnsupportedAddress",
            fmt::format("Addresses of type {} are not served", gateway.unsupported_address)};
  }
  if (tally.good == tally.all) return {"Accepted", true, "Accepted", "Gateway is accepted"};
  return {"Accepted", tally.good > 0, "ListenersNotValid",
          fmt::format("{} of {} listeners are not valid", tally.all - tally.good, tally.all)};
}

Condition gateway_programmed(const GatewaySummary& gateway, const Tally& tally, bool accepted) {
  if (!accepted && tally.failed == 0) return {"Programmed", false, "Invalid", "The Gateway is not accepted"};
  if (tally.failed > 0 && (gateway.own_addresses || tally.programmed == 0)) {
    return {"Programmed", false, "AddressNotUsable", tally.error};
  }
  if (tally.programmed == 0) return {"Programmed", false, "Pending", "No socket is open yet"};
  return {"Programmed", true, "Programmed", "The Gateway takes connections"};
}

json supported_kinds(const ListenerSummary& listener) {
  if (!listener.takes_http_routes) return json::array();
  return json::array({{{"group", kGatewayApiGroup}, {"kind", "HTTPRoute"}}});
}

} // namespace

json gateway_status(const GatewaySummary& gateway, const BindingsByListener& bindings, const json& previous,
                    const std::string& now) {
  Tally tally;
  tally.all = gateway.listeners.size();
  json listeners = json::array();
  for (const ListenerSummary& listener : gateway.listeners) {
    Socket socket = socket_of(listener, bindings);
    Conditions conditions = listener_conditions(listener, socket, gateway.unsupported_address.empty());
    bool failed = listener.good() && socket.bound == Bound::kNo;
    tally.good += listener.good() && !failed ? 1 : 0;
    tally.failed += failed ? 1 : 0;
    tally.programmed += conditions.back().holds ? 1 : 0;
    if (failed) tally.error = socket.error;
    const json& before = conditions_of(member(previous, "listeners"), "name", listener.name);
    listeners.push_back({{"name", listener.name},
                         {"attachedRoutes", listener.attached},
                         {"supportedKinds", supported_kinds(listener)},
                         {"conditions", conditions_json(conditions, gateway.generation, before, now)}});
  }
  json addresses = json::array();
  for (const std::string& address : gateway.addresses) addresses.push_back({{"type", "IPAddress"}, {"value", address}});
  Condition accepted = gateway_accepted(gateway, tally);
  Condition programmed_now = gateway_programmed(gateway, tally, accepted.holds);
  return {{"addresses", std::move(addresses)},
          {"conditions",
           conditions_json({accepted, programmed_now}, gateway.generation, member(previous, "conditions"), now)},
          {"listeners", std::move(listeners)}};
}

} // namespace kgw::config
