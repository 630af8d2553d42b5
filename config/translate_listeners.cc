#include "config/translate_listeners.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace kgw::config {
namespace {

bool is_http_route(const Listener::RouteKind& kind) {
  return kind.kind == "HTTPRoute" && (kind.group.empty() || kind.group == kGatewayApiGroup);
}

// Whether `text` is the listener's name NAMESPACE/GATEWAY/LISTENER or ends it after a slash.
bool names(std::string_view text, std::string_view full_name) {
  return full_name == text || (full_name.ends_with(text) && full_name[full_name.size() - text.size() - 1] == '/');
}

ListenerState make_listener(const StoredObject& gateway, const Listener& listener) {
  ListenerState state;
  state.gateway = &gateway;
  state.listener = &listener;
  const Identity& id = gateway.object.id;
  state.summary.name = listener.name;
  state.summary.full_name = fmt::format("{}/{}/{}", id.namespace_name, id.name, listener.name);
  state.summary.protocol = listener.protocol;
  state.summary.supported = listener.protocol == "HTTP";
  state.summary.known_kinds = std::ranges::all_of(listener.kinds, is_http_route);
  bool listed = listener.kinds.empty() || std::ranges::any_of(listener.kinds, is_http_route);
  state.summary.takes_http_routes = state.summary.supported && listed;
  return state;
}

std::vector<std::string> bind_addresses(const Gateway& gateway, const std::string& host) {
  std::vector<std::string> addresses;
  for (const Gateway::Address& address : gateway.addresses) {
    if (!address.value.empty()) addresses.push_back(address.value);
  }
  return addresses.empty() ? std::vector{host} : addresses;
}

GatewayState make_gateway(const StoredObject& stored, const TranslateOptions& options, Warnings& warnings) {
  const auto& gateway = payload<Gateway>(stored);
  GatewayState state;
  state.summary.id = stored.object.id;
  state.summary.generation = stored.generation;
  for (const Gateway::Address& address : gateway.addresses) {
    if (!address.type.empty() && address.type != "IPAddress") state.summary.unsupported_address = address.type;
    state.summary.own_addresses |= !address.value.empty();
  }
  snapshot::Settings settings = options.settings;
  apply_annotations(stored.object, snapshot::Scope::kListener, settings, warnings);
  std::vector<std::string> addresses = bind_addresses(gateway, options.host);
  for (const Listener& listener : gateway.listeners) {
    ListenerState made = make_listener(stored, listener);
    for (const std::string& address : addresses) made.places.push_back({address, listener.port});
    made.settings = settings.listener;
    state.listeners.push_back(std::move(made));
  }
  return state;
}

void apply_listen(std::vector<GatewayState>& gateways, const TranslateOptions::Listen& listen, const std::string& host,
                  Warnings& warnings) {
  std::vector<ListenerState*> named;
  for (GatewayState& gateway : gateways) {
    for (ListenerState& state : gateway.listeners) {
      if (names(listen.listener, state.summary.full_name)) named.push_back(&state);
    }
  }
  if (named.size() == 1) {
    named[0]->places = {{listen.address.empty() ? host : listen.address, listen.port}};
    return;
  }
  std::string option = "--listen " + listen.listener, several;
  for (const ListenerState* state : named) several += (several.empty() ? "" : ", ") + state->summary.full_name;
  warnings.add_option(option, ProblemClass::kNotFound,
                      named.empty() ? "no listener has this name yet"
                                    : "names several listeners (" + several + "); none of them is moved");
}

// Listeners that bind the same place must differ in their hostname; of those that do not, none wins. Port 0 is a place
// of its own each time.
void find_conflicts(std::vector<GatewayState>& gateways) {
  std::map<std::pair<BindPlace, std::string>, std::vector<ListenerState*>> groups;
  for (GatewayState& gateway : gateways) {
    for (ListenerState& state : gateway.listeners) {
      if (!state.summary.supported || !gateway.summary.unsupported_address.empty()) continue;
      for (const BindPlace& place : state.places) {
        if (place.port != 0) groups[{place, state.listener->hostname}].push_back(&state);
      }
    }
  }
  for (auto& [place, group] : groups) {
    if (group.size() < 2) continue;
    for (ListenerState* state : group) state->summary.conflicted = true;
  }
}

// What is never opened is said, not only written into a status.
void warn_unserved(const GatewayState& gateway, const StoredObject& stored, Warnings& warnings) {
  if (!gateway.summary.unsupported_address.empty()) {
    warnings.add(stored.object, {}, "spec.addresses", ProblemClass::kNotSupported,
                 fmt::format("addresses of type {} are not served: none of the listeners is opened",
                             gateway.summary.unsupported_address));
  }
  for (size_t i = 0; i < gateway.listeners.size(); ++i) {
    const ListenerState& state = gateway.listeners[i];
    std::string path = at_index("spec.listeners", i);
    if (!state.summary.supported) {
      warnings.add(stored.object, state.listener->at, path, ProblemClass::kNotSupported,
                   fmt::format("listener {}: protocol {} is not served{}: it is not opened", state.summary.name,
                               state.summary.protocol, state.summary.protocol == "HTTPS" ? " yet" : ""));
    } else if (state.summary.conflicted) {
      warnings.add(stored.object, state.listener->at, path, ProblemClass::kAdvice,
                   fmt::format("listener {}: another one has the same address, port and hostname: neither is opened",
                               state.summary.name));
    } else if (!state.summary.known_kinds) {
      warnings.add(stored.object, state.listener->at, path + ".allowedRoutes.kinds", ProblemClass::kAdvice,
                   fmt::format("listener {}: a kind other than HTTPRoute is not served{}", state.summary.name,
                               state.summary.good() ? "" : ": it is not opened"));
    }
  }
}

} // namespace

std::vector<GatewayState> plan_listeners(const Inventory& inventory, const TranslateOptions& options,
                                         Warnings& warnings) {
  std::vector<GatewayState> gateways;
  for (const StoredObject* stored : inventory.gateways()) gateways.push_back(make_gateway(*stored, options, warnings));
  for (const TranslateOptions::Listen& listen : options.listens) apply_listen(gateways, listen, options.host, warnings);
  for (GatewayState& gateway : gateways) {
    for (const ListenerState& state : gateway.listeners) {
      for (const BindPlace& place : state.places) {
        auto& addresses = gateway.summary.addresses;
        if (std::ranges::find(addresses, place.address) == addresses.end()) addresses.push_back(place.address);
      }
    }
  }
  find_conflicts(gateways);
  for (size_t i = 0; i < gateways.size(); ++i) warn_unserved(gateways[i], *inventory.gateways()[i], warnings);
  return gateways;
}

void emit_listeners(std::vector<GatewayState>& gateways, snapshot::Spec& spec) {
  for (GatewayState& gateway : gateways) {
    if (!gateway.summary.unsupported_address.empty()) continue;
    for (ListenerState& state : gateway.listeners) {
      if (!state.summary.good()) continue;
      for (size_t i = 0; i < state.places.size(); ++i) {
        bool last = i + 1 == state.places.size();
        spec.listeners.push_back(
            {state.places[i].address,
             state.places[i].port,
             state.listener->port,
             {state.summary.full_name, state.listener->hostname, last ? std::move(state.rules) : state.rules},
             state.settings});
      }
    }
  }
}

} // namespace kgw::config
