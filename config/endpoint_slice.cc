#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {
namespace {

EndpointSlice::Port read_port(const Value& value) {
  Fields fields(value);
  EndpointSlice::Port port;
  Value name = fields.get("name");
  if (name.present() && name.shown() != "\"\"") port.name = name.text(kDnsLabel);
  auto number = fields.integer("port", kPort);
  if (number) port.port = static_cast<uint16_t>(*number);
  port.protocol = fields.get("protocol").word({"TCP", "UDP", "SCTP"}, "TCP");
  port.app_protocol = fields.text("appProtocol");
  return port;
}

TextRule address_rule(const std::string& type) {
  if (type == "IPv4") return {is_ipv4, "an IPv4 address"};
  if (type == "IPv6") return {is_ipv6, "an IPv6 address"};
  return {is_hostname, "a DNS name in lower case", kMostNameBytes};
}

EndpointSlice::Endpoint read_endpoint(const Value& value, const TextRule& rule) {
  Fields fields(value);
  EndpointSlice::Endpoint endpoint;
  // Of several addresses Kubernetes' own proxies use the first as well.
  for (const Value& item : fields.items("addresses", {1, 100}, Need::kRequired)) {
    std::string address = item.text(rule);
    if (endpoint.address.empty()) endpoint.address = std::move(address);
  }
  Fields conditions(fields.get("conditions"));
  endpoint.ready = conditions.get("ready").boolean().value_or(true);
  conditions.ignore({"serving", "terminating"});
  fields.ignore({"hostname", "nodeName", "zone", "hints", "targetRef", "deprecatedTopology"});
  return endpoint;
}

} // namespace

EndpointSlice read_endpoint_slice(Fields& top, const Meta& meta) {
  EndpointSlice slice;
  auto service = meta.labels.find("kubernetes.io/service-name");
  if (service != meta.labels.end()) slice.service = service->second;
  slice.address_type = top.get("addressType", Need::kRequired).word({"IPv4", "IPv6", "FQDN"}, "FQDN");
  Seen names;
  for (const Value& item : top.items("ports", {0, 100})) {
    slice.ports.push_back(read_port(item));
    names.check(item, slice.ports.back().name, "a name of its own for each port");
  }
  TextRule rule = address_rule(slice.address_type);
  for (const Value& item : top.items("endpoints", {0, 1000})) slice.endpoints.push_back(read_endpoint(item, rule));
  return slice;
}

} // namespace kgw::config
