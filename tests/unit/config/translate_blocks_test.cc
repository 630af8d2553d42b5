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

// What reading the document alone says.
std::vector<std::string> lines_of(const std::string& text) {
  World world;
  std::vector<std::string> lines;
  for (const ApplyResult& result : world.store.apply_text(text, "f", "", false)) {
    for (const Diagnostic& problem : result.problems) lines.push_back(problem.line());
  }
  return lines;
}

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

TEST(Blocks, TargetsThatCouldNotBeReadBlockMoreNotLess) {
  for (const char* targets : {
           "targetRefs: {group: gateway.networking.k8s.io, kind: HTTPRoute, name: r}, ",
           "target_refs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r}], ",
           "targetRefs: [{group: gateway.networking.k8s.io, name: r}], ",
           "targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute}], ",
           "targetSelectors: [{group: gateway.networking.k8s.io, kind: HTTPRoute, matchLabels: {}}], ",
           "targetSelectors: [{group: gateway.networking.k8s.io, kind: HTTPRoute}], ",
       }) {
    GuardedWorld world;
    world.refuse(traffic_of("t", std::string(targets) + kGuard));
    EXPECT_TRUE(world.errors("app/r/one")) << targets;
  }
}

TEST(Blocks, WithoutANameUntilItsFileIsReadAgain) {
  GuardedWorld world;
  std::string spec = targets_of("HTTPRoute", "r") + kGuard;
  world.refuse(policy_of("gateway.kgateway.dev/v1alpha1", "TrafficPolicy", "{generateName: t-, namespace: app}", spec));
  EXPECT_TRUE(world.errors("app/r/one"));
  world.store.apply_text("", "f", "", true);
  world.translate();
  EXPECT_FALSE(world.errors("app/r/one"));
  world.store.apply_text(policy_of("gateway.kgateway.dev/v1alpha1", "TrafficPolicy", "{namespace: app}", spec),
                         "<text>", "", false);
  world.translate();
  EXPECT_FALSE(world.errors("app/r/one")) << "from a call, it could never be taken back";
}

TEST(Blocks, WhatItsFileNoLongerHasBlocksNothing) {
  GuardedWorld world;
  world.refuse(traffic_of("t", targets_of("HTTPRoute", "r") + kGuard));
  world.store.delete_sources_except({"f"}, {identity("trafficpolicy", "app", "t")});
  world.translate();
  EXPECT_TRUE(world.errors("app/r/one"));
  world.store.delete_sources_except({"f"}, {});
  world.translate();
  EXPECT_FALSE(world.errors("app/r/one"));
}

TEST(Blocks, KindsThatAreRefusedWhole) {
  GuardedWorld world;
  world.refuse(
      policy_of("gateway.networking.k8s.io/v1", "BackendTLSPolicy", "{name: b, namespace: app}",
                "targetRefs: [{group: '', kind: Service, name: svc, sectionName: web}], validation: {hostname: a.b}"));
  EXPECT_EQ(world.action("app/free/0").backends.at(0).cluster, -1) << "nothing goes out in plain text";
  GuardedWorld other;
  other.refuse(policy_of("gateway.kgateway.dev/v1alpha1", "RoutePolicy", "{name: b, namespace: app}",
                         targets_of("HTTPRoute", "r") + kGuard));
  EXPECT_TRUE(other.errors("app/r/one"));
  GuardedWorld third;
  third.refuse(policy_of("gateway.solo.io/v1", "VirtualHostOption", "{name: b, namespace: infra}",
                         targets_of("Gateway", "gw") + "options: {jwt: {}}"));
  EXPECT_TRUE(third.errors("app/r/one") ||
              third.spec.actions[third.bound("infra/gw/http").routes.rules.at(0).action].kind ==
                  snapshot::ActionKind::kError);
}

TEST(Blocks, OnlyTheKindsOwnWordSwitchesAProtectionOff) {
  for (const char* off : {"extAuth: {disable: {}}", "rateLimit: {disable: {}}"})
    EXPECT_THAT(lines_of(traffic_of("t", off)), testing::IsEmpty()) << off;
  for (const char* on : {"extAuth: {disable: true}", "extAuth: {disabled: true}", "extAuth: {disable: {a: 1}}"})
    EXPECT_THAT(lines_of(traffic_of("t", on)), testing::Not(testing::IsEmpty())) << on;
  EXPECT_THAT(lines_of(option_of("o", "{options: {extauth: {disable: true}, jwt: {disabled: true}}}")),
              testing::IsEmpty());
  EXPECT_THAT(lines_of(option_of("o", "{options: {extauth: {disable: {}}}}")), testing::Not(testing::IsEmpty()));
  EXPECT_THAT(lines_of(policy_of("gateway.kgateway.dev/v1alpha1", "BackendConfigPolicy", "{name: c}",
                                 "targetRefs: [{group: '', kind: Service, name: svc}], tls: {disable: {}}")),
              testing::Not(testing::IsEmpty()));
}

} // namespace
} // namespace kgw::config::test
