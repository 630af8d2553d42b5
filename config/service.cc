#include <fmt/format.h>

#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {
namespace {

// A DNS name, which may end with the dot of the root.
bool is_external_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  return is_dns_name(text);
}

// A number, or the name of a container's port.
std::string read_target_port(const Value& value) {
  if (value.present() && value.node()->kind == Node::Kind::kInt) {
    auto number = value.integer(kPort);
    return number ? std::to_string(*number) : "";
  }
  return value.text({is_port_name, "a port from 1 to 65535 (a number without quotes) or the name of a port", 15});
}

ServicePort read_port(const Value& value) {
  Fields fields(value);
  ServicePort port;
  port.name = fields.text("name", kDnsLabel);
  port.port = static_cast<uint16_t>(fields.integer("port", kPort, Need::kRequired).value_or(0));
  port.target_port = read_target_port(fields.get("targetPort"));
  port.protocol = fields.get("protocol").word({"TCP", "UDP", "SCTP"}, "TCP");
  port.app_protocol = fields.text("appProtocol");
  fields.ignore({"nodePort"});
  return port;
}

std::vector<ServicePort> read_ports(const Value& list) {
  std::vector<ServicePort> ports;
  Seen names, numbers;
  std::vector<Value> items = list.items({0, SIZE_MAX});
  for (const Value& item : items) {
    ServicePort port = read_port(item);
    if (port.name.empty() && items.size() > 1) {
      item.error_text(ProblemClass::kRequired,
                      "required value missing: got nothing; need a name on each port when there are several");
    } else {
      names.check(item, port.name, "a name of its own for each port");
    }
    numbers.check(item, fmt::format("{}/{}", port.port, port.protocol), "each port once per protocol");
    ports.push_back(std::move(port));
  }
  return ports;
}

} // namespace

Service read_service(Fields& top) {
  Fields spec(top.get("spec", Need::kRequired));
  Service service;
  service.type = spec.get("type").word({"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"}, "ClusterIP");
  const bool external = service.type == "ExternalName";
  service.external_name = spec.text("externalName", {is_external_name, kDnsName.need, kMostNameBytes + 1},
                                    external ? Need::kRequired : Need::kOptional);
  if (service.external_name.ends_with('.')) service.external_name.pop_back();
  Value ports = spec.get("ports");
  service.ports = read_ports(ports);
  Value cluster_ip = spec.get("clusterIP");
  const bool headless = cluster_ip.present() && cluster_ip.shown() == "\"None\"";
  if (spec.present() && service.ports.empty() && !external && !headless) {
    ports.error_text(ProblemClass::kRequired, "required value missing: got nothing; need at least one port");
  }
  service.publish_not_ready = spec.get("publishNotReadyAddresses").boolean().value_or(false);
  spec.ignore({"selector", "clusterIPs", "externalIPs", "externalTrafficPolicy", "internalTrafficPolicy",
               "healthCheckNodePort", "ipFamilies", "ipFamilyPolicy", "loadBalancerIP", "loadBalancerClass",
               "loadBalancerSourceRanges", "allocateLoadBalancerNodePorts", "sessionAffinity", "sessionAffinityConfig",
               "trafficDistribution"});
  return service;
}

} // namespace kgw::config
