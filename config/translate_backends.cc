#include "config/translate_backends.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"

namespace kgw::config {
namespace {

using Endpoints = std::vector<snapshot::EndpointSpec>;

void add_once(Endpoints& endpoints, snapshot::EndpointSpec endpoint) {
  if (std::ranges::find(endpoints, endpoint) == endpoints.end()) endpoints.push_back(std::move(endpoint));
}

// The words of Kubernetes, Istio and Gloo for a backend that speaks nothing but HTTP/2.
bool speaks_http2(const std::string& protocol) {
  constexpr std::string_view kHttp2[] = {"kubernetes.io/h2c", "http2", "h2c", "h2", "grpc"};
  return std::ranges::find(kHttp2, base::to_lower(protocol)) != std::end(kHttp2);
}

bool has_port(const StoredObject& service, uint16_t number) {
  const auto& ports = payload<Service>(service).ports;
  return std::ranges::find(ports, number, &ServicePort::port) != ports.end();
}

// targetPort when it is a number, else the Service's own port.
uint16_t numeric_target(const ServicePort& port) {
  uint16_t number = 0;
  const char* end = port.target_port.data() + port.target_port.size();
  auto parsed = std::from_chars(port.target_port.data(), end, number);
  return parsed.ec == std::errc{} && parsed.ptr == end && number != 0 ? number : port.port;
}

void add_slice(Endpoints& endpoints, const EndpointSlice& slice, const ServicePort& port, bool not_ready_too) {
  for (const EndpointSlice::Port& slice_port : slice.ports) {
    if (slice_port.name != port.name || slice_port.protocol != "TCP") continue;
    for (const EndpointSlice::Endpoint& endpoint : slice.endpoints) {
      if (endpoint.ready || not_ready_too)
        add_once(endpoints, {endpoint.address, slice_port.port.value_or(numeric_target(port))});
    }
  }
}

snapshot::ClusterId cluster_id(const BackendTarget& target) {
  const Identity& id = target.object->object.id;
  // Gloo's Upstream and kgateway's are different objects under one name.
  std::string kind = id.kind == Kind::kKgatewayUpstream ? id.kind_name + "." + id.group : id.kind_name;
  return {std::move(kind), id.namespace_name, id.name, target.port == nullptr ? uint16_t{0} : target.port->port};
}

// Statistics know a cluster by its name alone, so kinds without ports must differ in what stands at the port's place.
std::string cluster_name(const snapshot::ClusterId& id, Kind kind) {
  std::string last = kind == Kind::kGlooUpstream       ? "upstream"
                     : kind == Kind::kKgatewayUpstream ? "kgateway-upstream"
                                                       : std::to_string(id.port);
  return fmt::format("{}_{}_{}", id.namespace_name, id.name, last);
}

} // namespace

Clusters::Clusters(const Inventory& inventory, const TranslateOptions& options, Warnings& warnings)
    : inventory_(inventory), options_(options), warnings_(warnings), policies_(inventory, warnings) {
  for (const TranslateOptions::Override& item : options.overrides) {
    if (item.name == "*") continue;
    std::string option = fmt::format("--backend {}/{}", item.namespace_name, item.name);
    const StoredObject* service = inventory.find(Kind::kService, item.namespace_name, item.name);
    if (service == nullptr) {
      warnings.add_option(option, ProblemClass::kNotFound, "no Service has this name yet");
    } else if (item.port != 0 && !has_port(*service, item.port)) {
      warnings.add_option(fmt::format("{}:{}", option, item.port), ProblemClass::kNotFound,
                          "the Service has no such port");
    }
  }
}

int32_t Clusters::index_of(const BackendTarget& target) {
  snapshot::ClusterId key = cluster_id(target);
  auto next = static_cast<int32_t>(clusters_.size());
  auto [entry, fresh] = indexes_.emplace(key, next);
  if (fresh) clusters_.push_back(make(target, std::move(key)));
  return entry->second;
}

snapshot::ClusterSpec Clusters::make(const BackendTarget& target, snapshot::ClusterId id) {
  snapshot::ClusterSpec cluster;
  cluster.name = cluster_name(id, target.object->object.id.kind);
  cluster.id = std::move(id);
  snapshot::Settings settings = options_.settings;
  apply_annotations(target.object->object, snapshot::Scope::kCluster, settings, warnings_);
  cluster.settings = settings.cluster;
  policies_.apply(*target.object, cluster);
  if (target.port != nullptr) {
    cluster.h2_concurrent_streams = settings.listener.h2_concurrent_streams;
    cluster.h2_stream_window_bytes = settings.listener.h2_stream_window_bytes;
    cluster.h2_connection_window_bytes = settings.listener.h2_connection_window_bytes;
    cluster.http2 = speaks_http2(target.port->app_protocol) || slices_speak_http2(*target.object, *target.port);
    cluster.endpoints = service_endpoints(*target.object, *target.port);
  } else {
    use_hosts(*target.object, cluster);
  }
  policies_.advise_ejection(*target.object, cluster, warnings_);
  return cluster;
}

bool Clusters::slices_speak_http2(const StoredObject& service, const ServicePort& port) const {
  const Identity& id = service.object.id;
  const auto& slices = inventory_.slices_of(id.namespace_name, id.name);
  return std::ranges::any_of(slices, [&](const StoredObject* slice) {
    return std::ranges::any_of(payload<EndpointSlice>(*slice).ports, [&](const EndpointSlice::Port& item) {
      return item.name == port.name && speaks_http2(item.app_protocol);
    });
  });
}

void Clusters::use_hosts(const StoredObject& stored, snapshot::ClusterSpec& cluster) {
  const auto& backend = payload<Backend>(stored);
  for (const Backend::Host& host : backend.hosts)
    add_once(cluster.endpoints, {host.host, host.port, host.weight, host.server_name});
  cluster.tls = backend.tls;
  // Whoever wrote the annotation has decided.
  bool decided = stored.object.annotations.contains("kgwcore.dev/tls_verify");
  if (!backend.tls || cluster.settings.tls_verify == 0 || decided) return;
  warnings_.add(stored.object, backend.tls_at, "spec.static", ProblemClass::kAdvice,
                "certificates are checked against the system's authorities here, while useTls alone checks none on a "
                "cluster; the annotation kgwcore.dev/tls_verify: \"0\" switches the check off, \"1\" keeps it without "
                "this warning");
}

Endpoints Clusters::service_endpoints(const StoredObject& stored, const ServicePort& port) {
  const Identity& id = stored.object.id;
  const auto& service = payload<Service>(stored);
  if (const auto* given = find_override(id, port.port)) return given->endpoints;
  Endpoints endpoints;
  const auto& slices = inventory_.slices_of(id.namespace_name, id.name);
  for (const StoredObject* slice : slices)
    add_slice(endpoints, payload<EndpointSlice>(*slice), port, service.publish_not_ready);
  if (endpoints.empty() && service.type == "ExternalName")
    add_once(endpoints, {service.external_name, numeric_target(port)});
  if (!endpoints.empty()) return endpoints;
  if (const auto* given = fallback()) return given->endpoints;
  warn_no_address(stored, port, !slices.empty());
  return endpoints;
}

void Clusters::warn_no_address(const StoredObject& stored, const ServicePort& port, bool has_slices) {
  const Identity& id = stored.object.id;
  const auto& ports = payload<Service>(stored).ports;
  std::string why =
      has_slices ? fmt::format("none of its EndpointSlices has a ready endpoint for a port named \"{}\"", port.name)
                 : "it has no EndpointSlice";
  warnings_.add(
      stored.object, {}, at_index("spec.ports", static_cast<size_t>(&port - ports.data())), ProblemClass::kAdvice,
      fmt::format(
          "port {} has no address ({}): requests answer 503; for a local process: --backend {}/{}:{}=127.0.0.1:{}",
          port.port, why, id.namespace_name, id.name, port.port, port.port));
}

const TranslateOptions::Override* Clusters::find_override(const Identity& id, uint16_t port) const {
  const TranslateOptions::Override* any_port = nullptr;
  for (const TranslateOptions::Override& item : options_.overrides) {
    if (item.namespace_name != id.namespace_name || item.name != id.name) continue;
    if (item.port == port) return &item;
    if (item.port == 0) any_port = &item;
  }
  return any_port;
}

const TranslateOptions::Override* Clusters::fallback() const {
  auto found = std::ranges::find(options_.overrides, "*", &TranslateOptions::Override::name);
  return found == options_.overrides.end() ? nullptr : &*found;
}

} // namespace kgw::config
