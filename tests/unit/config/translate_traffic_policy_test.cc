// What TrafficPolicies, and a rule's own retry and timeouts, become in the Spec.

#include <gmock/gmock.h>

#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::string base() { return std::string(kGateway) + kService; }
std::string rule(const std::string& fields) { return "{" + fields + ", " + kToService + "}"; }

snapshot::ActionSpec action_of(const std::string& fields, const std::string& more = "") {
  World world;
  world.load(base() + route_of("r", rule(fields)) + more);
  return world.action("app/r/0");
}

TEST(OwnRetry, ReachesTheAction) {
  auto action = action_of("retry: {attempts: 3, codes: [503], backoff: 100ms}, timeouts: {request: 9s}");
  EXPECT_EQ(action.retry.retries, 3u);
  EXPECT_THAT(action.retry.status_codes, ElementsAre(503));
  EXPECT_EQ(action.retry.jitter, retry::Jitter::kAboveMinimum);
  EXPECT_EQ(action.retry.per_try_timeout, Duration::zero());
  EXPECT_EQ(action.retry.per_try_until, retry::PerTryUntil::kHeaders);
  EXPECT_EQ(action.timeout, Duration(9s));
}

TEST(BackendRequest, BoundsOneAttemptUntilItsLastByte) {
  auto action = action_of("retry: {attempts: 2}, timeouts: {request: 10s, backendRequest: 2s}");
  EXPECT_EQ(action.retry.per_try_timeout, Duration(2s));
  EXPECT_EQ(action.retry.per_try_until, retry::PerTryUntil::kComplete);
  EXPECT_EQ(action.timeout, Duration(10s));
  EXPECT_EQ(action_of("timeouts: {backendRequest: 2s}").retry.per_try_timeout, Duration(2s)) << "without retries too";
}

TEST(BackendRequest, AloneLeavesRoomForSeveralFullAttempts) {
  EXPECT_EQ(action_of("retry: {attempts: 2}, timeouts: {backendRequest: 200ms}").timeout, Duration(15s));
  EXPECT_EQ(action_of("retry: {attempts: 2}, timeouts: {backendRequest: 6s}").timeout, Duration::zero())
      << "18 seconds do not fit into the default, which nobody wrote";
  EXPECT_EQ(action_of("timeouts: {backendRequest: 30s}").timeout, Duration::zero());
  EXPECT_EQ(action_of("timeouts: {backendRequest: 0s}").timeout, Duration(15s));
  EXPECT_EQ(action_of("timeouts: {backendRequest: 6s}, retry: {attempts: 2}",
                      traffic_of("t", targets_of("HTTPRoute", "r") + "timeouts: {request: 7s}"))
                .timeout,
            Duration(7s))
      << "a limit that somebody wrote holds";
}

TEST(BackendRequest, GoesWithTheRetriesOfAPolicy) {
  auto action = action_of("timeouts: {request: 5s, backendRequest: 1s}",
                          traffic_of("t", targets_of("HTTPRoute", "r") +
                                              "retry: {retryOn: [gateway-error], attempts: 4, perTryTimeout: 2s}"));
  EXPECT_EQ(action.retry.on, uint32_t{retry::kGatewayError});
  EXPECT_EQ(action.retry.retries, 4u);
  EXPECT_EQ(action.retry.per_try_timeout, Duration(1s));
  EXPECT_EQ(action.retry.per_try_until, retry::PerTryUntil::kComplete);
}

TEST(TrafficPolicies, ZeroAttemptsSwitchRetriesOff) {
  auto action = action_of("matches: [{method: GET}]",
                          traffic_of("t", targets_of("HTTPRoute", "r") + "retry: {retryOn: [5xx], attempts: 0}"));
  EXPECT_EQ(action.retry.on, uint32_t{retry::k5xx});
  EXPECT_EQ(action.retry.retries, 0u);
}

TEST(TrafficPolicies, StreamIdleTakesThePlaceOfTheListeners) {
  auto idle_of = [](const std::string& timeouts) {
    return action_of("matches: [{method: GET}]",
                     traffic_of("t", targets_of("HTTPRoute", "r") + "timeouts: {" + timeouts + "}"))
        .stream_idle;
  };
  EXPECT_EQ(idle_of("streamIdle: 5s"), Duration(5s));
  EXPECT_EQ(idle_of("streamIdle: 0s"), Duration::zero()) << "off";
  EXPECT_EQ(idle_of("request: 5s"), base::kNone);
}

TEST(TrafficPolicies, PreviousHostsIsASettingToo) {
  auto action = action_of(
      "matches: [{method: GET}]",
      traffic_of("t", targets_of("HTTPRoute", "r") + "retry: {retryOn: [5xx], retryHostPredicates: [PreviousHosts]}"));
  EXPECT_TRUE(action.retry.previous_hosts);
  EXPECT_EQ(action.settings.previous_hosts, 1);
  EXPECT_EQ(action_of("matches: [{method: GET}]").settings.previous_hosts, 0);
}

TEST(RouteOptions, FaultsAndStreamDurationReachTheAction) {
  World world;
  world.load(base() + route_of("r", "{filters: [" + filter_of("o") + "], " + kToService + "}") +
             option_of("o", "{options: {faults: {delay: {percentage: 50, fixedDelay: 1s}}, maxStreamDuration: "
                            "{maxStreamDuration: 30s}}}"));
  const auto& action = world.action("app/r/0");
  EXPECT_EQ(action.faults.delay_ppm, 500'000u);
  EXPECT_EQ(action.faults.delay, Duration(1s));
  EXPECT_EQ(action.stream_duration.most, Duration(30s));
  EXPECT_EQ(action.timeout, Duration::zero()) << "a route with this option has no other total";
  EXPECT_TRUE(world.warnings.empty());
  world.load(option_of("o", "{options: {timeout: 5s, maxStreamDuration: {maxStreamDuration: 30s}}}"));
  EXPECT_EQ(world.action("app/r/0").timeout, Duration::zero());
  EXPECT_THAT(world.warning_lines(),
              ElementsAre(HasSubstr("RouteOption app/o: warning: spec.options.timeout: is ignored: "
                                    "a rule with the maxStreamDuration of RouteOption app/o")));
}

TEST(TrafficPolicies, AnExtensionThatIsNotThereMakesTheRuleAnswer500) {
  World world;
  world.load(base() +
             route_of("r", rule("filters: [" + filter_of("gone", "TrafficPolicy", "gateway.kgateway.dev") + "]")));
  EXPECT_EQ(world.action("app/r/0").kind, snapshot::ActionKind::kError);
  EXPECT_EQ(world.route("r", "ResolvedRefs"), "False BackendNotFound");
  EXPECT_THAT(world.warning_lines(), Contains(HasSubstr("TrafficPolicy app/gone does not exist")));
}

} // namespace
} // namespace kgw::config::test
