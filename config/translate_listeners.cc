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

Condition no_certificate(std::string reason, std::string message) {
  return {"ResolvedRefs", false, std::move(reason), std::move(message)};
}

// One certificateRef to what it names; `out` is filled in if the condition holds.
Condition resolve_certificate(const StoredObject& gateway, const ObjectRef& ref, const Inventory& inventory,
                              const TranslateOptions& options, snapshot::CertificateSpec& out) {
  const std::string& home = gateway.object.id.namespace_name;
  const std::string& namespace_name = ref.namespace_name.empty() ? home : ref.namespace_name;
  std::string name = fmt::format("{} {}/{}", ref.kind, namespace_name, ref.name);
  if (!ref.group.empty() || ref.kind != "Secret")
    return no_certificate("InvalidCertificateRef", fmt::format("{} is no kind of certificate; a Secret is", ref.kind));
  if (namespace_name != home && !inventory.permitted("Gateway", home, "", "Secret", namespace_name, ref.name)) {
    return no_certificate(
        "RefNotPermitted",
        fmt::format("no ReferenceGrant in namespace {} lets Gateways of {} refer to {}", namespace_name, home, name));
  }
  const StoredObject* stored = inventory.find(Kind::kSecret, namespace_name, ref.name);
  if (stored == nullptr) {
    const Rejection* rejection = inventory.rejection(Kind::kSecret, namespace_name, ref.name);
    return no_certificate("InvalidCertificateRef", rejection == nullptr
                                                       ? name + " does not exist"
                                                       : fmt::format("{} was refused: {}", name, rejection->reason));
  }
  const auto& secret = payload<Secret>(*stored);
  if (secret.chain.empty() || secret.key.empty())
    return no_certificate("InvalidCertificateRef", name + " is not of the type kubernetes.io/tls");
  std::string wrong = options.check_certificate ? options.check_certificate(secret.chain, secret.key) : "";
  if (!wrong.empty()) return no_certificate("InvalidCertificateRef", fmt::format("{}: {}", name, wrong));
  out = {secret.chain, secret.key};
  return {"ResolvedRefs", true, "ResolvedRefs", "All references are resolved"};
}

// One good certificate is enough to serve with; the first that is not is told all the same.
void resolve_certificates(ListenerState& state, const Inventory& inventory, const TranslateOptions& options,
                          Warnings& warnings) {
  const StoredObject& gateway = *state.gateway;
  Condition& all = state.summary.certificate;
  all = no_certificate("InvalidCertificateRef", "the listener has no certificateRefs");
  for (const ObjectRef& ref : state.listener->certificates) {
    snapshot::CertificateSpec certificate;
    Condition one = resolve_certificate(gateway, ref, inventory, options, certificate);
    if (one.holds) {
      state.certificates.push_back(std::move(certificate));
    } else {
      warnings.add(gateway.object, ref.at, "spec.listeners", ProblemClass::kNotFound,
                   fmt::format("listener {}: {}", state.summary.name, one.message));
    }
    if (all.holds || &ref == &state.listener->certificates.front()) all = std::move(one);
  }
  if (!state.certificates.empty()) all.holds = true;
}

ListenerState make_listener(const StoredObject& gateway, const Listener& listener) {
  ListenerState state;
  state.gateway = &gateway;
  state.listener = &listener;
  const Identity& id = gateway.object.id;
  state.summary.name = listener.name;
  state.summary.full_name = fmt::format("{}/{}/{}", id.namespace_name, id.name, listener.name);
  state.summary.protocol = listener.protocol;
  state.summary.supported = listener.protocol == "HTTP" || listener.protocol == "HTTPS";
  state.summary.certificate = {"ResolvedRefs", true, "ResolvedRefs", "All references are resolved"};
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

GatewayState make_gateway(const StoredObject& stored, const Inventory& inventory, const TranslateOptions& options,
                          Warnings& warnings) {
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
    if (listener.protocol == "HTTPS") resolve_certificates(made, inventory, options, warnings);
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

// A place speaks one protocol.
void find_protocol_conflicts(std::vector<GatewayState>& gateways) {
  std::map<BindPlace, std::vector<ListenerState*>> groups;
  for (GatewayState& gateway : gateways) {
    for (ListenerState& state : gateway.listeners) {
      if (!state.summary.supported || !gateway.summary.unsupported_address.empty()) continue;
      for (const BindPlace& place : state.places) {
        if (place.port != 0) groups[place].push_back(&state);
      }
    }
  }
  for (auto& [place, group] : groups) {
    bool one = std::ranges::all_of(group, [&](const ListenerState* state) {
      return state->listener->protocol == group.front()->listener->protocol;
    });
    if (one) continue;
    for (ListenerState* state : group) state->summary.conflicted = state->summary.protocol_conflict = true;
  }
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
                   fmt::format("listener {}: protocol {} is not served: it is not opened", state.summary.name,
                               state.summary.protocol));
    } else if (state.summary.conflicted) {
      warnings.add(stored.object, state.listener->at, path, ProblemClass::kAdvice,
                   fmt::format("listener {}: another one has the same address and port {}: neither is opened",
                               state.summary.name,
                               state.summary.protocol_conflict ? "for another protocol" : "and hostname"));
    } else if (!state.summary.certificate.holds) {
      warnings.add(
          stored.object, state.listener->at, path, ProblemClass::kNotFound,
          fmt::format("listener {}: {}: it is not opened", state.summary.name, state.summary.certificate.message));
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
  for (const StoredObject* stored : inventory.gateways())
    gateways.push_back(make_gateway(*stored, inventory, options, warnings));
  for (const TranslateOptions::Listen& listen : options.listens) apply_listen(gateways, listen, options.host, warnings);
  for (GatewayState& gateway : gateways) {
    for (const ListenerState& state : gateway.listeners) {
      for (const BindPlace& place : state.places) {
        auto& addresses = gateway.summary.addresses;
        if (std::ranges::find(addresses, place.address) == addresses.end()) addresses.push_back(place.address);
      }
    }
  }
  find_protocol_conflicts(gateways);
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
             // NOLINTNEXTLINE(clang-analyzer-cplusplus.Move): the last place alone takes them
             {state.summary.full_name, state.listener->hostname, last ? std::move(state.rules) : state.rules},
             state.settings,
             state.certificates.empty() ? std::nullopt : std::optional(state.certificates)});
      }
    }
  }
}

} // namespace kgw::config
