// Upstreams as backends: clusters with TLS, and two groups with one kind name.

#include <gmock/gmock.h>

#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using snapshot::ClusterId;
using snapshot::EndpointSpec;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const char* kToGloo = "{group: gloo.solo.io, kind: Upstream, name: u}";
const char* kToKgateway = "{group: gateway.kgateway.dev, kind: Upstream, name: u}";

std::string to(const std::string& refs) { return kGateway + route_of("r", "{backendRefs: [" + refs + "]}"); }
std::string gloo(const std::string& fixed, const std::string& metadata = "{name: u, namespace: app}") {
  return "apiVersion: gloo.solo.io/v1\nkind: Upstream\nmetadata: " + metadata + "\nspec: {static: {" + fixed +
         "}}\n---\n";
}
const char* kKgatewayUpstream = R"(
apiVersion: gateway.kgateway.dev/v1alpha1
kind: Upstream
metadata: {name: u, namespace: app}
spec: {static: {hosts: [{host: k.example, port: 443}]}}
---
)";
const char* kBackend = R"(
apiVersion: gateway.kgateway.dev/v1alpha1
kind: Backend
metadata: {name: u, namespace: app}
spec: {static: {hosts: [{host: b.example, port: 80}]}}
---
)";
std::string with_verify(const std::string& value) {
  return "{name: u, namespace: app, annotations: {kgwcore.dev/tls_verify: '" + value + "'}}";
}

TEST(Upstreams, HostsBecomeEndpoints) {
  World world;
  world.load(to(kToGloo) + gloo("hosts: [{addr: a.b, port: 80}, {addr: '::1', port: 81, sniAddr: c.d}]"));
  ASSERT_EQ(world.spec.clusters.size(), 1u);
  const auto& cluster = world.spec.clusters[0];
  EXPECT_EQ(cluster.id, (ClusterId{"Upstream", "app", "u", 0}));
  EXPECT_THAT(cluster.endpoints, ElementsAre(EndpointSpec{"a.b", 80, 1}, EndpointSpec{"::1", 81, 1, "c.d"}));
  EXPECT_FALSE(cluster.tls);
  EXPECT_EQ(world.route("r", "ResolvedRefs"), "True ResolvedRefs");
  EXPECT_EQ(world.action("app/r/0").backends[0].cluster, 0);
  EXPECT_THAT(world.warnings, IsEmpty());
}

TEST(Upstreams, WeightsGoWithTheEndpoints) {
  World world;
  world.load(to(kToGloo) + gloo("hosts: [{addr: a, port: 80, loadBalancingWeight: 7}]"));
  EXPECT_THAT(world.spec.clusters.at(0).endpoints, ElementsAre(EndpointSpec{"a", 80, 7}));
}

TEST(Upstreams, TlsIsVerifiedAndSaysSo) {
  World world;
  world.load(to(kToGloo) + gloo("hosts: [{addr: a.b, port: 443}]"));
  EXPECT_TRUE(world.spec.clusters.at(0).tls);
  EXPECT_EQ(world.spec.clusters[0].settings.tls_verify, 1);
  EXPECT_THAT(world.warning_lines(), ElementsAre(AllOf(HasSubstr("Upstream app/u: warning: spec.static: "),
                                                       HasSubstr("kgwcore.dev/tls_verify: \"0\""))));
  EXPECT_EQ(world.warnings[0].problem_class, ProblemClass::kAdvice);
  EXPECT_GT(world.warnings[0].at.line, 0);
}

TEST(Upstreams, TheWarningEndsWithTheDecision) {
  for (const char* value : {"0", "1"}) {
    World world;
    world.load(to(kToGloo) + gloo("hosts: [{addr: a.b, port: 1}], useTls: true", with_verify(value)));
    EXPECT_TRUE(world.spec.clusters.at(0).tls);
    EXPECT_EQ(world.spec.clusters[0].settings.tls_verify, value[0] - '0');
    EXPECT_THAT(world.warnings, IsEmpty());
  }
  World world;
  world.options.settings.cluster.tls_verify = 0;
  world.load(to(kToGloo) + gloo("hosts: [{addr: a.b, port: 443}]"));
  EXPECT_EQ(world.spec.clusters.at(0).settings.tls_verify, 0);
  EXPECT_THAT(world.warnings, IsEmpty());
}

TEST(Upstreams, EqualNamesStayApart) {
  World world;
  world.load(to(std::string(kToGloo) + ", " + kToKgateway + ", {group: gateway.kgateway.dev, kind: Backend, name: u}") +
             gloo("hosts: [{addr: g.example, port: 80}]") + kKgatewayUpstream + kBackend);
  const auto& clusters = world.spec.clusters;
  ASSERT_EQ(clusters.size(), 3u);
  EXPECT_EQ(clusters[0].endpoints[0].host, "g.example");
  EXPECT_EQ(clusters[1].endpoints[0].host, "k.example");
  EXPECT_EQ(clusters[2].endpoints[0].host, "b.example");
  EXPECT_EQ(clusters[1].id, (ClusterId{"Upstream.gateway.kgateway.dev", "app", "u", 0}));
  EXPECT_EQ(clusters[0].name, "app_u_upstream");
  EXPECT_EQ(clusters[1].name, "app_u_kgateway-upstream");
  EXPECT_EQ(clusters[2].name, "app_u_0");
  EXPECT_FALSE(clusters[1].tls) << "kgateway has no rule for port 443";
  world.store.remove(identity("upstream.gloo.solo.io", "app", "u"), false);
  world.translate();
  EXPECT_EQ(world.spec.clusters.size(), 2u);
  EXPECT_EQ(world.route("r", "ResolvedRefs"), "False BackendNotFound");
  EXPECT_THAT(world.warning_lines(),
              Contains(HasSubstr("Upstream app/u does not exist in the group gloo.solo.io (the group "
                                 "gateway.kgateway.dev has one)")));
}

TEST(Upstreams, AMissingOneAnswers500) {
  World world;
  auto reason = [&](const std::string& ref) {
    world.load(to(ref));
    EXPECT_EQ(world.action("app/r/0").backends.at(0).cluster, -1);
    return world.route("r", "ResolvedRefs");
  };
  EXPECT_EQ(reason(kToGloo), "False BackendNotFound");
  EXPECT_EQ(reason(kToKgateway), "False BackendNotFound");
  EXPECT_EQ(reason("{group: gateway.solo.io, kind: Upstream, name: u}"), "False InvalidKind");
  EXPECT_EQ(reason("{group: gloo.solo.io, kind: Backend, name: u}"), "False InvalidKind");
}

TEST(Upstreams, ARefusedOneSaysWhy) {
  World world;
  world.apply(to(kToGloo));
  world.store.apply_text(gloo("hosts: []"), "<text>", "", false);
  world.translate();
  EXPECT_EQ(world.route("r", "ResolvedRefs"), "False BackendNotFound");
  EXPECT_THAT(world.warning_lines(), Contains(HasSubstr("Upstream app/u was refused: ")));
}

TEST(Upstreams, AnotherNamespaceNeedsAGrantForTheGroup) {
  World world;
  auto granted = [&](const std::string& group) {
    world.load(to("{group: gloo.solo.io, kind: Upstream, name: u, namespace: far}") +
               gloo("hosts: [{addr: a, port: 80}]", "{name: u, namespace: far}") +
               "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\n"
               "metadata: {name: g, namespace: far}\n"
               "spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: app}], "
               "to: [{group: " +
               group + ", kind: Upstream}]}\n");
    return world.route("r", "ResolvedRefs");
  };
  EXPECT_EQ(granted("gateway.kgateway.dev"), "False RefNotPermitted");
  EXPECT_EQ(granted("gloo.solo.io"), "True ResolvedRefs");
}

} // namespace
} // namespace kgw::config::test
