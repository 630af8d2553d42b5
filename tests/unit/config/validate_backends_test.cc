// Service, EndpointSlice, Backend, DirectResponse, ReferenceGrant.

#include <gmock/gmock.h>

#include "unit/config/load.h"

namespace kgw::config {
namespace {

using test::document;
using test::lines;
using test::load;
using test::payload;
using test::problem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string service(const std::string& spec) { return document("v1", "Service", "spec: " + spec); }
std::string slice(const std::string& fields) {
  return document("discovery.k8s.io/v1", "EndpointSlice", fields,
                  "{name: x, labels: {kubernetes.io/service-name: web}}");
}
std::string backend(const std::string& spec) {
  return document("gateway.kgateway.dev/v1alpha1", "Backend", "spec: " + spec);
}

TEST(Service, ReadsPorts) {
  auto read = payload<Service>(service(
      "{selector: {app: x}, clusterIP: None, publishNotReadyAddresses: true, ports: [{name: http, port: 8000, "
      "targetPort: 8080, "
      "appProtocol: kubernetes.io/h2c, nodePort: 30000}, {name: tcp, port: 9000, targetPort: main, protocol: UDP}]}"));
  ASSERT_EQ(read.ports.size(), 2u);
  EXPECT_EQ(read.ports[0].target_port, "8080");
  EXPECT_EQ(read.ports[0].protocol, "TCP");
  EXPECT_EQ(read.ports[1].target_port, "main");
  EXPECT_TRUE(read.publish_not_ready);
}

TEST(Service, RulesOfTheApiServer) {
  EXPECT_THAT(problem(service("{ports: [{name: a, port: 80}, {port: 81}]}")),
              HasSubstr("ports[1]: required value missing"));
  EXPECT_THAT(problem(service("{ports: [{name: a, port: 80}, {name: a, port: 81}]}")),
              HasSubstr("duplicate value: got \"a\""));
  EXPECT_THAT(problem(service("{ports: [{name: a, port: 80}, {name: b, port: 80}]}")),
              HasSubstr("each port once per protocol"));
  EXPECT_THAT(problem(service("{type: ExternalName}")), HasSubstr("externalName: required value missing"));
  EXPECT_THAT(lines(load(service("{type: ExternalName, externalName: a.b}"))), IsEmpty());
  EXPECT_THAT(problem(service("{}")), HasSubstr("need at least one port"));
  EXPECT_THAT(problem(service("{type: Clusterip, ports: [{port: 1}]}")), HasSubstr("did you mean \"ClusterIP\"?"));
}

TEST(EndpointSlice, LinksByLabelAndTakesTheFirstAddress) {
  auto read = payload<EndpointSlice>(slice("addressType: IPv4\nports: [{name: http, port: 18080}, {name: ''}]\n"
                                           "endpoints: [{addresses: [127.0.0.1, 127.0.0.2], zone: a}, {addresses: "
                                           "[127.0.0.3], conditions: {ready: false, serving: true}}]"));
  EXPECT_EQ(read.service, "web");
  EXPECT_EQ(read.ports.at(0).port, 18080);
  EXPECT_FALSE(read.ports.at(1).port);
  EXPECT_EQ(read.endpoints.at(0).address, "127.0.0.1");
  EXPECT_TRUE(read.endpoints[0].ready);
  EXPECT_FALSE(read.endpoints.at(1).ready);
}

TEST(EndpointSlice, AddressesFitTheirType) {
  EXPECT_THAT(lines(load(slice("addressType: FQDN\nendpoints: [{addresses: [localhost]}]"))), IsEmpty());
  EXPECT_THAT(lines(load(slice("addressType: IPv6\nendpoints: [{addresses: ['::1']}]"))), IsEmpty());
  EXPECT_THAT(problem(slice("addressType: IPv4\nendpoints: [{addresses: [localhost]}]")),
              HasSubstr("endpoints[0].addresses[0]: invalid value"));
  EXPECT_THAT(problem(slice("addressType: IPv4\nendpoints: [{addresses: []}]")), HasSubstr("too few"));
  EXPECT_THAT(problem(slice("endpoints: []")), HasSubstr("addressType: required value missing"));
  EXPECT_THAT(problem(slice("addressType: IPv4\nspec: {}")), HasSubstr("unknown field: got \"spec\""));
}

TEST(Backend, IsStatic) {
  auto read = payload<Backend>(
      backend("{type: Static, static: {hosts: [{host: localhost, port: 8080}, {host: '::1', port: 81}]}}"));
  EXPECT_EQ(read.hosts.at(0).host, "localhost");
  EXPECT_EQ(read.hosts.at(1).port, 81);
  EXPECT_THAT(problem(backend("{static: {hosts: []}}")), HasSubstr("too few"));
  EXPECT_THAT(problem(backend("{}")), HasSubstr("spec.static: required value missing"));
  EXPECT_THAT(problem(backend("{static: {hosts: [{host: 'a b', port: 1}]}}")),
              HasSubstr("need a DNS name or an IP address"));
  EXPECT_THAT(problem(backend("{type: AWS}")), HasSubstr("not supported by kgwcore"));
  EXPECT_THAT(problem(backend("{type: AI}")), HasSubstr("not supported by kgwcore"));
  EXPECT_THAT(problem(backend("{static: {hosts: [{host: a, port: 1}], appProtocol: http2}}")),
              HasSubstr("not supported yet"));
}

TEST(DirectResponse, HasAStatusAndABody) {
  auto direct = [](const std::string& spec) {
    return document("gateway.kgateway.dev/v1alpha1", "DirectResponse", "spec: " + spec);
  };
  auto read = payload<DirectResponse>(direct("{status: 503, body: later}"));
  EXPECT_EQ(read.status, 503);
  EXPECT_EQ(read.body, "later");
  EXPECT_THAT(problem(direct("{status: 199}")), HasSubstr("need an integer from 200 to 599"));
  EXPECT_THAT(problem(direct("{}")), HasSubstr("spec.status: required value missing"));
  EXPECT_THAT(problem(direct("{status: 200, body: '" + std::string(4097, 'a') + "'}")),
              HasSubstr("too long: got 4097 characters"));
}

TEST(ReferenceGrant, NamesBothSides) {
  auto grant = [](const std::string& spec) {
    return document("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "spec: " + spec);
  };
  auto read =
      payload<ReferenceGrant>(grant("{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: a}], to: "
                                    "[{group: '', kind: Service}, {group: '', kind: Service, name: b}]}"));
  EXPECT_EQ(read.from.at(0).namespace_name, "a");
  EXPECT_EQ(read.to.at(0).name, "");
  EXPECT_EQ(read.to.at(1).name, "b");
  EXPECT_THAT(problem(grant("{from: [{group: g, kind: K}], to: [{group: '', kind: Service}]}")),
              HasSubstr("from[0].namespace: required value missing"));
}

TEST(Service, ATargetPortIsANumberOrTheNameOfAPort) {
  EXPECT_THAT(problem(document("v1", "Service", "spec: {ports: [{port: 80, targetPort: '8080'}]}")),
              HasSubstr("a number without quotes"));
  EXPECT_THAT(problem(document("v1", "Service", "spec: {ports: [{port: 80, targetPort: a--b}]}")),
              HasSubstr("need a port"));
}

TEST(Service, AnExternalNameMayEndWithADot) {
  auto service = payload<Service>(document("v1", "Service", "spec: {type: ExternalName, externalName: a.example.}"));
  EXPECT_EQ(service.external_name, "a.example");
}

} // namespace
} // namespace kgw::config
