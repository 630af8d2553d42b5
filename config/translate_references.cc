// Whether a backendRef may and does lead somewhere.

#include <algorithm>

#include <fmt/format.h>

#include "config/translate_backends.h"

namespace kgw::config {
namespace {

// The kinds that a backendRef may name here.
struct BackendKind {
  std::string_view group, kind;
  Kind id;
};
constexpr BackendKind kBackendKinds[] = {{"", "Service", Kind::kService},
                                         {"gateway.kgateway.dev", "Backend", Kind::kBackend},
                                         {"gateway.kgateway.dev", "Upstream", Kind::kKgatewayUpstream},
                                         {"gloo.solo.io", "Upstream", Kind::kGlooUpstream}};

BackendTarget refuse(std::string reason, std::string message) {
  return {nullptr, nullptr, std::move(reason), std::move(message)};
}

// Two groups have a kind called Upstream: whether the other one has what is missing in this.
std::string hint_of_group(const BackendKind& missing, const Inventory& inventory, const std::string& namespace_name,
                          const std::string& name) {
  for (const BackendKind& other : kBackendKinds) {
    if (other.kind != missing.kind || other.id == missing.id) continue;
    if (inventory.find(other.id, namespace_name, name) != nullptr)
      return fmt::format(" in the group {} (the group {} has one)", missing.group, other.group);
  }
  return "";
}

BackendTarget with_port(const StoredObject& service, const BackendRef& ref, const std::string& name) {
  const auto& ports = payload<Service>(service).ports;
  // One number may stand there twice, for two protocols.
  auto named = [&](const ServicePort& item) { return ref.port && item.port == *ref.port; };
  auto port =
      std::ranges::find_if(ports, [&](const ServicePort& item) { return named(item) && item.protocol == "TCP"; });
  if (port == ports.end()) port = std::ranges::find_if(ports, named);
  if (port == ports.end()) {
    return refuse("BackendNotFound", fmt::format("Service {} has no port {}", name, ref.port.value_or(0)));
  }
  if (port->protocol != "TCP") {
    return refuse("UnsupportedProtocol",
                  fmt::format("port {} of Service {} is {}; only TCP is served", port->port, name, port->protocol));
  }
  return {&service, &*port, "", ""};
}

} // namespace

BackendTarget resolve_backend(const StoredObject& route, const BackendRef& ref, const Inventory& inventory) {
  auto kind = std::ranges::find_if(kBackendKinds,
                                   [&](const BackendKind& k) { return k.group == ref.group && k.kind == ref.kind; });
  if (kind == std::end(kBackendKinds)) {
    return refuse("InvalidKind",
                  fmt::format("{}{}{} is no kind of backend", ref.group, ref.group.empty() ? "" : "/", ref.kind));
  }
  const std::string& home = route.object.id.namespace_name;
  const std::string& namespace_name = ref.namespace_name.empty() ? home : ref.namespace_name;
  std::string name = namespace_name + "/" + ref.name;
  if (namespace_name != home &&
      !inventory.permitted("HTTPRoute", home, ref.group, ref.kind, namespace_name, ref.name)) {
    return refuse("RefNotPermitted",
                  fmt::format("no ReferenceGrant in namespace {} lets HTTPRoutes of {} refer to {} {}", namespace_name,
                              home, ref.kind, ref.name));
  }
  const StoredObject* object = inventory.find(kind->id, namespace_name, ref.name);
  if (object == nullptr) {
    const Rejection* rejection = inventory.rejection(kind->id, namespace_name, ref.name);
    return refuse("BackendNotFound", rejection == nullptr
                                         ? fmt::format("{} {} does not exist{}", ref.kind, name,
                                                       hint_of_group(*kind, inventory, namespace_name, ref.name))
                                         : fmt::format("{} {} was refused: {}", ref.kind, name, rejection->reason));
  }
  if (kind->id == Kind::kService) return with_port(*object, ref, name);
  return {object, nullptr, "", ""};
}

} // namespace kgw::config
