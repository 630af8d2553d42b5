#include <gmock/gmock.h>

#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::string gateway(const std::string& listeners) {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra}\nspec:\n"
         "  gatewayClassName: any\n  listeners: [" +
         listeners + "]\n---\n";
}
std::string route(const std::string& parents, const std::string& hostnames = "[]",
                  const std::string& namespace_name = "app") {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: " + namespace_name +
         "}\nspec:\n  parentRefs: [" + parents + "]\n  hostnames: " + hostnames + "\n  rules: [{}]\n---\n";
}
const std::string kAll = "allowedRoutes: {namespaces: {from: All}}";
const std::string kParent = "{name: gw, namespace: infra}";

TEST(Attach, AllowedNamespaces) {
  World world;
  world.load(gateway("{name: same, port: 1, protocol: HTTP}, {name: all, port: 2, protocol: HTTP, " + kAll +
                     "},"
                     "{name: labelled, port: 3, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: "
                     "{matchLabels: {team: a}}}}},"
                     "{name: named, port: 4, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: "
                     "{matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [app]}]}}}}") +
             route(kParent));
  EXPECT_EQ(world.route("r", "Accepted"), "True Accepted");
  EXPECT_EQ(world.attached("gw", "same"), 0);
  EXPECT_EQ(world.attached("gw", "all"), 1);
  EXPECT_EQ(world.attached("gw", "labelled"), 0);
  EXPECT_EQ(world.attached("gw", "named"), 1);
  world.load("apiVersion: v1\nkind: Namespace\nmetadata: {name: app, labels: {team: a}}\n");
  EXPECT_EQ(world.attached("gw", "labelled"), 1);
}

TEST(Attach, RefusedByNamespaceSectionPortAndHostname) {
  World world;
  world.load(gateway("{name: same, port: 1, protocol: HTTP}, {name: all, port: 2, protocol: HTTP, hostname: '*.b', " +
                     kAll + "}"));
  auto reason = [&](const std::string& parent, const std::string& hostnames = "[]") {
    world.load(route(parent, hostnames));
    return world.route("r", "Accepted");
  };
  EXPECT_EQ(reason("{name: gw, namespace: infra, sectionName: same}"), "False NotAllowedByListeners");
  EXPECT_EQ(reason("{name: gw, namespace: infra, sectionName: none}"), "False NoMatchingParent");
  EXPECT_EQ(reason("{name: gw, namespace: infra, port: 9}"), "False NoMatchingParent");
  EXPECT_EQ(reason("{name: gw, namespace: infra, sectionName: all, port: 1}"), "False NoMatchingParent");
  EXPECT_EQ(reason(kParent, "[a.c]"), "False NoMatchingListenerHostname");
  EXPECT_EQ(world.attached("gw", "all"), 0);
  EXPECT_EQ(reason("{name: gw, namespace: infra, sectionName: all, port: 2}", "[a.b]"), "True Accepted");
  EXPECT_EQ(world.attached("gw", "all"), 1);
}

TEST(Attach, EffectiveHostnames) {
  World world;
  world.load(gateway("{name: wild, port: 1, protocol: HTTP, hostname: '*.b', " + kAll +
                     "}, {name: any, port: 2, protocol: HTTP, " + kAll + "}") +
             route(kParent, "[a.b, '*.x.b', other.c]"));
  ASSERT_EQ(world.bound("infra/gw/wild").routes.rules.size(), 1u);
  EXPECT_EQ(world.bound("infra/gw/wild").routes.hostname, "*.b");
  EXPECT_THAT(world.bound("infra/gw/wild").routes.rules[0].hostnames, ElementsAre("a.b", "*.x.b"));
  EXPECT_THAT(world.bound("infra/gw/any").routes.rules[0].hostnames, ElementsAre("a.b", "*.x.b", "other.c"));
  world.load(route(kParent));
  EXPECT_THAT(world.bound("infra/gw/wild").routes.rules[0].hostnames, ElementsAre("*.b"));
  EXPECT_THAT(world.bound("infra/gw/any").routes.rules[0].hostnames, ElementsAre(""));
}

TEST(Attach, RulesKeepWhatPrecedenceNeeds) {
  World world;
  world.load(gateway("{name: any, port: 2, protocol: HTTP, " + kAll + "}") + route(kParent));
  const auto& rule = world.bound("infra/gw/any").routes.rules[0];
  EXPECT_EQ(rule.name, "app/r/0");
  EXPECT_EQ(rule.route_key, "app/r");
  EXPECT_EQ(rule.created_s, 1'700'000'000);
  EXPECT_EQ(world.spec.actions[rule.action].rule, "app/r/0");
  EXPECT_EQ(world.spec.actions[rule.action].kind, snapshot::ActionKind::kError) << "no backend, so 500";
}

TEST(Attach, ParentStatusHasGroupAndKindAndOneEntryPerParent) {
  World world;
  world.load(gateway("{name: one, port: 1, protocol: HTTP, " + kAll + "}, {name: two, port: 2, protocol: HTTP, " +
                     kAll + "}") +
             route("{name: gw, namespace: infra, sectionName: one}, {name: gw, namespace: infra, sectionName: none}, "
                   "{name: gone}, {group: '', kind: Service, name: svc}"));
  const auto& parents = world.object("httproute", "app", "r").status["parents"];
  ASSERT_EQ(parents.size(), 2u) << "neither missing Gateways nor Services get an entry";
  EXPECT_EQ(parents[0]["parentRef"], (nlohmann::json{{"group", "gateway.networking.k8s.io"},
                                                     {"kind", "Gateway"},
                                                     {"namespace", "infra"},
                                                     {"name", "gw"},
                                                     {"sectionName", "one"}}));
  EXPECT_EQ(parents[0]["controllerName"], "kgwcore.dev/kgwcore");
  EXPECT_EQ(world.route("r", "Accepted", 0), "True Accepted");
  EXPECT_EQ(world.route("r", "Accepted", 1), "False NoMatchingParent");
  EXPECT_THAT(world.warning_lines(),
              Contains(HasSubstr("spec.parentRefs[2]: not found: Gateway app/gone does not exist")));
  EXPECT_THAT(world.warning_lines(), Contains(HasSubstr("spec.parentRefs[3]: a parent of kind Service")));
  EXPECT_EQ(world.warnings[0].file, "<text>");
  EXPECT_GT(world.warnings[0].at.line, 0);
}

TEST(Attach, OneRouteCountsOncePerListener) {
  World world;
  world.load(gateway("{name: one, port: 1, protocol: HTTP, " + kAll + "}") +
             route("{name: gw, namespace: infra, sectionName: one}, {name: gw, namespace: infra, port: 1}"));
  EXPECT_EQ(world.attached("gw", "one"), 1);
  EXPECT_EQ(world.bound("infra/gw/one").routes.rules.size(), 1u);
}

TEST(Attach, UnsupportedAndConflictedListenersTakeNothing) {
  World world;
  world.load(gateway("{name: tcp, port: 1, protocol: TCP, " + kAll + "}") + route(kParent));
  EXPECT_EQ(world.route("r", "Accepted"), "False NotAllowedByListeners");
  world.load(gateway("{name: one, port: 1, protocol: HTTP, " + kAll + "}") +
             "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: twin, namespace: infra}\n"
             "spec: {gatewayClassName: any, listeners: [{name: one, port: 1, protocol: HTTP}]}\n");
  EXPECT_EQ(world.route("r", "Accepted"), "False NoMatchingParent");
}

} // namespace
} // namespace kgw::config::test
