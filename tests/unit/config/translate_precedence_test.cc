// Which setting wins: the rule itself, what its filters name, what is attached to the rule, to its route, to a
// listener, to a Gateway; then what is built in. One test for each step.

#include <gmock/gmock.h>

#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

std::string base() { return std::string(kGateway) + kService; }
std::string timeout(const std::string& value) { return "timeouts: {request: " + value + "}"; }
std::string named_rule(const std::string& name, const std::string& more = "") {
  return "{name: " + name + ", " + more + kToService + "}";
}
std::string filters(const std::string& list) { return "filters: [" + list + "], "; }
std::string traffic_filter(const std::string& name) { return filter_of(name, "TrafficPolicy", "gateway.kgateway.dev"); }
// RouteOption that is attached to route r.
std::string option(const std::string& name, const std::string& value) {
  return option_of(name, "{targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r}], options: "
                         "{timeout: " +
                             value + "}}");
}
Identity policy(const std::string& name, const std::string& namespace_name = "app") {
  return identity("trafficpolicy", namespace_name, name);
}

TEST(Precedence, TheRulesOwnFieldsBeatItsFilters) {
  World world;
  world.load(base() + traffic_of("t", timeout("2s") + ", retry: {retryOn: [reset], attempts: 9}") +
             route_of("r", named_rule("one", filters(traffic_filter("t")) + "timeouts: {request: 1s}, retry: {}, ")));
  EXPECT_EQ(world.action("app/r/one").timeout, Duration(1s));
  EXPECT_EQ(world.action("app/r/one").retry.retries, 1u);
  EXPECT_EQ(world.ancestor(policy("t"), "Attached"), "False Overridden");
}

TEST(Precedence, FiltersStandInTheirOrderWhateverTheirKind) {
  World world;
  auto loaded = [&](const std::string& first, const std::string& second) {
    world.load(base() + traffic_of("t", timeout("2s")) + option_of("o", "{options: {timeout: 3s}}") +
               route_of("r", named_rule("one", filters(first + ", " + second))));
    return world.action("app/r/one").timeout;
  };
  EXPECT_EQ(loaded(traffic_filter("t"), filter_of("o")), Duration(2s));
  EXPECT_EQ(loaded(filter_of("o"), traffic_filter("t")), Duration(3s));
}

TEST(Precedence, FiltersBeatWhatIsAttachedToTheRule) {
  World world;
  world.load(base() + traffic_of("by-filter", timeout("2s")) +
             traffic_of("by-rule", targets_of("HTTPRoute", "r", "one") + timeout("3s")) +
             route_of("r", named_rule("one", filters(traffic_filter("by-filter")))));
  EXPECT_EQ(world.action("app/r/one").timeout, Duration(2s));
  EXPECT_EQ(world.ancestor(policy("by-rule"), "Attached"), "False Overridden");
}

TEST(Precedence, TheRuleBeatsItsRouteHoweverYoung) {
  World world;
  world.load(base() + route_of("r", named_rule("one") + ", " + named_rule("two", "matches: [{method: GET}], ")) +
             traffic_of("whole", targets_of("HTTPRoute", "r") + timeout("3s")) + option("an-option", "4s"));
  world.now_us += 5'000'000;
  world.load(traffic_of("by-rule", targets_of("HTTPRoute", "r", "one") + timeout("2s")));
  EXPECT_EQ(world.action("app/r/one").timeout, Duration(2s));
  EXPECT_EQ(world.action("app/r/two").timeout, Duration(4s)) << "of equal age, an-option comes before whole";
  EXPECT_EQ(world.ancestor(policy("by-rule"), "Attached"), "True Merged");
}

TEST(Precedence, OnTheRouteTheOldestWinsWhateverItsKind) {
  World world;
  world.load(base() + route_of("r", named_rule("one")) + option("o", "3s"));
  world.now_us += 5'000'000;
  world.load(traffic_of("a", targets_of("HTTPRoute", "r") + timeout("2s")));
  EXPECT_EQ(world.action("app/r/one").timeout, Duration(3s));
  EXPECT_EQ(world.ancestor(policy("a"), "Attached"), "False Overridden");
  world.store.remove(identity("rto", "app", "o"), false);
  world.load(option("o", "3s"));
  EXPECT_EQ(world.action("app/r/one").timeout, Duration(2s)) << "an option that comes anew is the younger one";
}

TEST(Precedence, TheRouteBeatsTheListenerTheListenerItsGateway) {
  World world;
  world.load(base() + route_of("r", named_rule("one")) +
             traffic_of("on-gateway", targets_of("Gateway", "gw") + timeout("4s"), "infra"));
  EXPECT_EQ(world.action("app/r/one").timeout, Duration(4s));
  EXPECT_EQ(world.ancestor(policy("on-gateway", "infra"), "Attached"), "True Attached");
  world.now_us += 5'000'000;
  world.load(traffic_of("on-listener", targets_of("Gateway", "gw", "http") + timeout("3s"), "infra"));
  EXPECT_EQ(world.action("app/r/one").timeout, Duration(3s));
  EXPECT_EQ(world.ancestor(policy("on-gateway", "infra"), "Attached"), "False Overridden");
  world.load(traffic_of("on-route", targets_of("HTTPRoute", "r") + timeout("2s")));
  EXPECT_EQ(world.action("app/r/one").timeout, Duration(2s));
  EXPECT_EQ(world.ancestor(policy("on-listener", "infra"), "Attached"), "False Overridden");
  EXPECT_EQ(world.action("app/r/one").retry.on, 0u);
  EXPECT_THAT(world.warnings, IsEmpty());
}

TEST(Precedence, WithoutAnySourceTheBuiltInsHold) {
  World world;
  world.load(base() + route_of("r", named_rule("one")) + traffic_of("elsewhere", timeout("1s")));
  EXPECT_EQ(world.action("app/r/one").timeout, Duration(15s));
  EXPECT_EQ(world.action("app/r/one").retry.on, 0u);
  EXPECT_EQ(world.ancestor(policy("elsewhere"), "Attached"), "no ancestor") << "inert until it is named";
}

TEST(Precedence, EachOptionComesFromItsOwnSource) {
  World world;
  world.load(
      base() + route_of("r", named_rule("one", "retry: {attempts: 5}, ")) +
      traffic_of("on-gateway", targets_of("Gateway", "gw") + timeout("4s") + ", retry: {retryOn: [5xx]}", "infra") +
      option_of("o", "{targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r}], options: "
                     "{faults: {abort: {percentage: 1, httpStatus: 500}}, retries: {retryOn: reset}}}"));
  const auto& action = world.action("app/r/one");
  EXPECT_EQ(action.retry.retries, 5u);
  EXPECT_EQ(action.timeout, Duration(4s));
  EXPECT_EQ(action.faults.abort_ppm, 10'000u);
  EXPECT_EQ(world.ancestor(policy("on-gateway", "infra"), "Attached"), "True Merged");
}

const char* kTwoListeners = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: any
  listeners:
  - {name: http, port: 8080, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
  - {name: slow, port: 8081, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
  - {name: third, port: 8082, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
---
)";

TEST(Precedence, OneRouteBehindDifferentListenersHasDifferentActions) {
  World world;
  world.load(kTwoListeners + std::string(kService) + route_of("r", named_rule("one")) +
             traffic_of("on-slow", targets_of("Gateway", "gw", "slow") + timeout("60s"), "infra"));
  auto behind = [&](const std::string& listener) {
    return world.spec.actions.at(world.bound("infra/gw/" + listener).routes.rules.at(0).action).timeout;
  };
  EXPECT_EQ(behind("http"), Duration(15s));
  EXPECT_EQ(behind("slow"), Duration(60s));
  EXPECT_EQ(behind("third"), Duration(15s));
  EXPECT_EQ(world.spec.actions.size(), 2u) << "listeners with equal policies share theirs";
  EXPECT_EQ(world.attached("gw", "slow"), 1);
  EXPECT_EQ(world.route("r", "ResolvedRefs"), "True ResolvedRefs");
}

} // namespace
} // namespace kgw::config::test
