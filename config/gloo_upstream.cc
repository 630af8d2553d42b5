#include <algorithm>

#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {
namespace {

constexpr uint16_t kHttpsPort = 443;

// Only fixed hosts are served; an Upstream has exactly one type.
const std::initializer_list<std::string_view> kOtherTypes = {"kube",   "pipe",   "aws", "azure",
                                                             "consul", "awsEc2", "gcp", "ai"};

Backend::Host read_host(const Value& value) {
  Fields fields(value);
  Backend::Host host;
  host.host = fields.text("addr", kHostOrIp, Need::kRequired);
  host.port = static_cast<uint16_t>(fields.integer("port", kPort, Need::kRequired).value_or(0));
  Value weight = fields.get("loadBalancingWeight");
  host.weight = static_cast<uint32_t>(weight.integer({1, UINT32_MAX}).value_or(1));
  if (host.weight != 1) weight.warn("not built yet: every host gets the same share");
  host.server_name = fields.text("sniAddr", kHostOrIp);
  fields.later({"healthCheckConfig", "metadata"});
  return host;
}

void read_static(const Value& value, Backend& backend) {
  Fields fields(value);
  for (const Value& item : fields.items("hosts", {1, SIZE_MAX}, Need::kRequired)) {
    backend.hosts.push_back(read_host(item));
  }
  bool https = std::ranges::find(backend.hosts, kHttpsPort, &Backend::Host::port) != backend.hosts.end();
  backend.tls = fields.get("useTls").boolean().value_or(https);
  backend.tls_at = value.at();
  // Gloo sends a host's own name as SNI unless this is false; then, without sniAddr, it sends the first DNS name among
  // all hosts. It checks no certificate, so the name binds nobody. Here the certificate must bear it: each host keeps
  // its own name either way.
  fields.get("autoSniRewrite").boolean();
  fields.later({"serviceSpec"});
}

void name_unbuilt_fields(Fields& spec) {
  spec.later(kOtherTypes);
  spec.later({"sslConfig",
              "circuitBreakers",
              "loadBalancerConfig",
              "connectionConfig",
              "healthChecks",
              "outlierDetection",
              "failover",
              "protocolSelection",
              "useHttp2",
              "initialStreamWindowSize",
              "initialConnectionWindowSize",
              "maxConcurrentStreams",
              "overrideStreamErrorOnInvalidHttpMessage",
              "httpProxyHostname",
              "httpConnectSslConfig",
              "httpConnectHeaders",
              "ignoreHealthOnHostRemoval",
              "respectDnsTtl",
              "dnsRefreshRate",
              "proxyProtocolVersion",
              "preconnectPolicy"});
  spec.ignore({"discoveryMetadata", "disableIstioAutoMtls"});
}

} // namespace

Backend read_gloo_upstream(Fields& top) {
  // As in RouteOption: Gloo's own pages write snake_case.
  top.report().snake_case = true;
  Backend backend;
  {
    Fields spec(top.get("spec", Need::kRequired));
    bool other = std::ranges::any_of(kOtherTypes, [&](std::string_view type) { return spec.get(type).present(); });
    Value fixed = spec.get("static", other ? Need::kOptional : Need::kRequired);
    read_static(fixed, backend);
    name_unbuilt_fields(spec);
  }
  top.report().snake_case = false;
  return backend;
}

} // namespace kgw::config
