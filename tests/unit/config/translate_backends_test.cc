#include <gmock/gmock.h>

#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using snapshot::EndpointSpec;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string to(const std::string& ref) { return route_of("r", "{backendRefs: [" + ref + "]}"); }

const snapshot::ClusterSpec& only_cluster(World& world) {
  if (world.spec.clusters.size() != 1) throw std::runtime_error("not one cluster");
  return world.spec.clusters[0];
}

TEST(Backends, ServicePortLeadsToTheSlicePortOfItsName) {
  World world;
  world.load(std::string(kGateway) + kService + route_of("r", "{" + std::string(kToService) + "}"));
  const auto& cluster = only_cluster(world);
  EXPECT_EQ(cluster.name, "app_svc_80");
  EXPECT_EQ(cluster.id, (snapshot::ClusterId{"Service", "app", "svc", 80}));
  EXPECT_THAT(cluster.endpoints, ElementsAre(EndpointSpec{"127.0.0.1", 18080, 1})) << "only what is ready";
  EXPECT_EQ(world.action("app/r/0").kind, snapshot::ActionKind::kForward);
  EXPECT_EQ(world.action("app/r/0").backends[0].cluster, 0);
  EXPECT_EQ(world.route("r", "ResolvedRefs"), "True ResolvedRefs");
  EXPECT_THAT(world.warnings, IsEmpty());
}

TEST(Backends, SlicesAreJoinedWithoutDuplicates) {
  World world;
  world.load(std::string(kGateway) + kService + to("{name: svc, port: 80}") + R"(
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: svc-2, namespace: app, labels: {kubernetes.io/service-name: svc}}
addressType: IPv4
ports: [{name: web, port: 18080}, {name: other, port: 1}]
endpoints: [{addresses: ["127.0.0.1"]}, {addresses: ["127.0.0.5"]}]
)");
  EXPECT_THAT(only_cluster(world).endpoints,
              ElementsAre(EndpointSpec{"127.0.0.1", 18080, 1}, EndpointSpec{"127.0.0.5", 18080, 1}));
}

TEST(Backends, OverridesComeFirstAndTheStarLast) {
  World world;
  world.options.overrides = {{"app", "svc", 0, {{"10.0.0.1", 1, 1}}},
                             {"app", "svc", 80, {{"10.0.0.2", 2, 1}}},
                             {"", "*", 0, {{"10.0.0.3", 3, 1}}},
                             {"app", "nosuch", 0, {{"10.0.0.4", 4, 1}}}};
  world.load(std::string(kGateway) + kService + to("{name: svc, port: 80}, {name: svc, port: 81}"));
  ASSERT_EQ(world.spec.clusters.size(), 2u);
  EXPECT_THAT(world.spec.clusters[0].endpoints, ElementsAre(EndpointSpec{"10.0.0.2", 2, 1}));
  EXPECT_THAT(world.spec.clusters[1].endpoints, ElementsAre(EndpointSpec{"10.0.0.1", 1, 1}));
  EXPECT_THAT(world.warning_lines(), Contains("warning: --backend app/nosuch: no Service has this name yet"));
  world.options.overrides.erase(world.options.overrides.begin(), world.options.overrides.begin() + 2);
  world.translate();
  EXPECT_THAT(world.spec.clusters[0].endpoints, ElementsAre(EndpointSpec{"127.0.0.1", 18080, 1}));
  EXPECT_THAT(world.spec.clusters[1].endpoints, ElementsAre(EndpointSpec{"10.0.0.3", 3, 1}))
      << "its port has no slice port";
}

TEST(Backends, NoAddressIsAWarningWithTheLineThatHelps) {
  World world;
  world.load(std::string(kGateway) + kService + to("{name: svc, port: 81}"));
  EXPECT_THAT(only_cluster(world).endpoints, IsEmpty());
  EXPECT_EQ(world.route("r", "ResolvedRefs"), "True ResolvedRefs");
  EXPECT_THAT(world.warning_lines(), ElementsAre(testing::AllOf(HasSubstr("Service app/svc: warning: spec.ports[1]: "),
                                                                HasSubstr("--backend app/svc:81=127.0.0.1:81"))));
  EXPECT_GT(world.warnings[0].at.line, 0);
}

TEST(Backends, ExternalNamesAndBackends) {
  World world;
  world.load(std::string(kGateway) +
             to("{name: ext, port: 80}, {group: gateway.kgateway.dev, kind: Backend, name: b}") + R"(
apiVersion: v1
kind: Service
metadata: {name: ext, namespace: app}
spec: {type: ExternalName, externalName: api.example.com, ports: [{port: 80, targetPort: 8443}]}
---
apiVersion: gateway.kgateway.dev/v1alpha1
kind: Backend
metadata: {name: b, namespace: app, annotations: {kgwcore.dev/max_retries: "9"}}
spec: {type: Static, static: {hosts: [{host: localhost, port: 9000}]}}
)");
  ASSERT_EQ(world.spec.clusters.size(), 2u);
  EXPECT_THAT(world.spec.clusters[0].endpoints, ElementsAre(EndpointSpec{"api.example.com", 8443, 1}));
  EXPECT_THAT(world.spec.clusters[1].endpoints, ElementsAre(EndpointSpec{"localhost", 9000, 1}));
  EXPECT_EQ(world.spec.clusters[1].id.kind, "Backend");
  EXPECT_EQ(world.spec.clusters[1].settings.max_retries, 9);
  EXPECT_EQ(world.spec.clusters[0].settings.max_retries, 3);
}

TEST(Backends, ABrokenReferenceIsAShareThatAnswers500) {
  World world;
  auto reason = [&](const std::string& ref) {
    world.load(std::string(kGateway) + kService + to("{name: svc, port: 80, weight: 3}, " + ref));
    EXPECT_EQ(world.action("app/r/0").kind, snapshot::ActionKind::kForward);
    EXPECT_EQ(world.action("app/r/0").backends[0].weight, 3u);
    EXPECT_EQ(world.action("app/r/0").backends[1].cluster, -1);
    EXPECT_THAT(world.warning_lines(), Contains(HasSubstr("spec.rules[0].backendRefs[1]: ")));
    EXPECT_EQ(world.route("r", "Accepted"), "True Accepted");
    return world.route("r", "ResolvedRefs");
  };
  EXPECT_EQ(reason("{name: gone, port: 80}"), "False BackendNotFound");
  EXPECT_EQ(reason("{name: svc, port: 99}"), "False BackendNotFound");
  EXPECT_EQ(reason("{group: other.example, kind: Thing, name: x}"), "False InvalidKind");
  EXPECT_EQ(reason("{name: svc, namespace: far, port: 80}"), "False RefNotPermitted");
}

TEST(Backends, AGrantOpensItsNamespaceUntilItIsDeleted) {
  World world;
  world.load(std::string(kGateway) + to("{name: svc, namespace: far, port: 80}") + R"(
apiVersion: v1
kind: Service
metadata: {name: svc, namespace: far}
spec: {ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: g, namespace: far}
spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: app}], to: [{group: "", kind: Service, name: svc}]}
)");
  EXPECT_EQ(world.route("r", "ResolvedRefs"), "True ResolvedRefs");
  EXPECT_EQ(only_cluster(world).name, "far_svc_80");
  world.store.remove(identity("referencegrant", "far", "g"), false);
  world.translate();
  EXPECT_EQ(world.route("r", "ResolvedRefs"), "False RefNotPermitted");
  EXPECT_THAT(world.spec.clusters, IsEmpty());
}

TEST(Backends, OneClusterForAllRoutesAndNoneForUnservedOnes) {
  World world;
  world.load(std::string(kGateway) + kService + to("{name: svc, port: 80}") +
             route_of("s", "{" + std::string(kToService) + "}"));
  EXPECT_EQ(world.spec.clusters.size(), 1u);
  world.store.remove(identity("gateway", "infra", "gw"), false);
  world.translate();
  EXPECT_THAT(world.spec.clusters, IsEmpty());
  EXPECT_THAT(world.spec.actions, IsEmpty());
}

TEST(Backends, TheTcpPortOfANumberThatUdpHasToo) {
  World world;
  world.load(std::string(kGateway) + route_of("r", std::string("{") + kToService + "}") +
             "apiVersion: v1\nkind: Service\nmetadata: {name: svc, namespace: app}\n"
             "spec: {ports: [{name: u, port: 80, protocol: UDP}, {name: t, port: 80, targetPort: 8080}]}\n");
  EXPECT_EQ(world.route("r", "ResolvedRefs"), "True ResolvedRefs");
}

TEST(Backends, AnOverrideForAPortThatIsNotThereIsSaid) {
  World world;
  world.options.overrides.push_back({"app", "svc", 99, {}});
  world.load(std::string(kGateway) + kService + route_of("r", std::string("{") + kToService + "}"));
  EXPECT_THAT(world.warning_lines(), Contains(HasSubstr("--backend app/svc:99: the Service has no such port")));
}

TEST(Backends, AppProtocolSaysWhoSpeaksHttp2) {
  for (const char* protocol : {"kubernetes.io/h2c", "http2", "grpc", "http", "kubernetes.io/ws"}) {
    World world;
    world.load(std::string(kGateway) + route_of("r", std::string("{") + kToService + "}") +
               "apiVersion: v1\nkind: Service\nmetadata: {name: svc, namespace: app}\n"
               "spec: {ports: [{port: 80, appProtocol: " +
               protocol + "}]}\n");
    bool http2 = std::string(protocol).find("h2c") != std::string::npos || std::string(protocol) == "http2" ||
                 std::string(protocol) == "grpc";
    EXPECT_EQ(world.spec.clusters.at(0).http2, http2) << protocol;
  }
}

} // namespace
} // namespace kgw::config::test
