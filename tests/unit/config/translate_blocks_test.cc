// A policy that is refused because it asked for a protection: what it governs answers 500 until that is settled.

#include <gmock/gmock.h>

#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

const char* kGuard = "extAuth: {extensionRef: {name: a}}";

struct GuardedWorld : World {
  GuardedWorld() {
    load(std::string(kGateway) + kService +
         route_of("r", std::string("{name: one, matches: [{method: GET}], ") + kToService + "}, {name: two, " +
                           kToService + "}") +
         route_of("free", std::string("{") + kToService + "}"));
  }
  void refuse(const std::string& document) {
    auto results = store.apply_text(document, "f", "", true);
    EXPECT_EQ(results.back().outcome, Outcome::kRejected);
    translate();
  }
  bool errors(const std::string& rule) { return action(rule).kind == snapshot::ActionKind::kError; }
};

TEST(Blocks, ARouteByItsName) {
  GuardedWorld world;
  world.refuse(traffic_of("t", targets_of("HTTPRoute", "r") + kGuard));
  EXPECT_TRUE(world.errors("app/r/one"));
  EXPECT_TRUE(world.errors("app/r/two"));
  EXPECT_FALSE(world.errors("app/free/0"));
  EXPECT_EQ(world.route("r", "PartiallyInvalid"), "True UnsupportedValue");
  world.store.remove(identity("trafficpolicy", "app", "t"), false);
  world.translate();
  EXPECT_FALSE(world.errors("app/r/one"));
}

TEST(Blocks, OneRuleByItsName) {
  GuardedWorld world;
  world.refuse(traffic_of("t", targets_of("HTTPRoute", "r", "two") + kGuard));
  EXPECT_FALSE(world.errors("app/r/one"));
  EXPECT_TRUE(world.errors("app/r/two"));
  EXPECT_THAT(world.warning_lines(),
              Contains(HasSubstr("Dropped Rule: two answers 500, a protection was refused: spec.extAuth")));
}

TEST(Blocks, RoutesByTheirLabels) {
  GuardedWorld world;
  world.refuse(traffic_of("t", std::string("targetSelectors: [{group: gateway.networking.k8s.io, kind: HTTPRoute, "
                                           "matchLabels: {team: a}}], ") +
                                   kGuard));
  EXPECT_FALSE(world.errors("app/r/one"));
  std::string route = route_of("free", std::string("{") + kToService + "}");
  world.load(route.insert(route.find("namespace: app}") + 14, ", labels: {team: a}"));
  EXPECT_TRUE(world.errors("app/free/0"));
}

TEST(Blocks, AListenerWithAllItsRoutes) {
  GuardedWorld world;
  world.refuse(traffic_of("t", targets_of("Gateway", "gw", "http") + kGuard, "infra"));
  for (const auto& rule : world.bound("infra/gw/http").routes.rules) {
    EXPECT_EQ(world.spec.actions[rule.action].kind, snapshot::ActionKind::kError) << rule.name;
  }
  EXPECT_THAT(world.warning_lines(),
              Contains(HasSubstr("Gateway infra/gw: warning: spec.listeners: http: all rules answer "
                                 "500, a protection was refused: spec.extAuth")));
  world.refuse(traffic_of("t", targets_of("Gateway", "gw", "other") + kGuard, "infra"));
  EXPECT_EQ(world.spec.actions[world.bound("infra/gw/http").routes.rules.at(0).action].kind,
            snapshot::ActionKind::kForward);
}

TEST(Blocks, ABackendThatShouldHaveSpokenTls) {
  GuardedWorld world;
  world.refuse(policy_of("gateway.kgateway.dev/v1alpha1", "BackendConfigPolicy", "{name: c, namespace: app}",
                         "targetRefs: [{group: '', kind: Service, name: svc}], tls: {sni: a.b}"));
  EXPECT_EQ(world.action("app/free/0").backends.at(0).cluster, -1) << "nothing goes out in plain text";
  EXPECT_EQ(world.route("free", "ResolvedRefs"), "False UnsupportedProtocol");
  EXPECT_THAT(world.warning_lines(),
              Contains(HasSubstr("Service app/svc: a policy of it was refused: spec.tls: not supported")));
}

TEST(Blocks, OtherRefusalsBlockNothing) {
  GuardedWorld world;
  world.refuse(traffic_of("t", targets_of("HTTPRoute", "r") + "transformation: {request: {}}"));
  EXPECT_FALSE(world.errors("app/r/one"));
}

} // namespace
} // namespace kgw::config::test
