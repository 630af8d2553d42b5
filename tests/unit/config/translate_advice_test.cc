// What a load says about policies that are valid and yet not what their author may think.

#include <gmock/gmock.h>

#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const char* kGet = "matches: [{method: GET}], ";
std::string base() { return std::string(kGateway) + kService; }

// The warnings for a route with these fields whose retries a RouteOption gives.
std::vector<std::string> with_option(const std::string& retries, const std::string& fields = kGet) {
  World world;
  world.load(base() + route_of("r", "{filters: [" + filter_of("o") + "], " + fields + kToService + "}") +
             option_of("o", "{options: {retries: " + retries + "}}"));
  return world.warning_lines();
}
// The same for its own fields and whatever else there is.
std::vector<std::string> with_rule(const std::string& fields, const std::string& more = "") {
  World world;
  world.load(base() + route_of("r", "{" + fields + ", " + kToService + "}") + more);
  return world.warning_lines();
}

TEST(Advice, APerTryTimeoutThatIsNotBelowTheTotal) {
  EXPECT_THAT(
      with_option("{retryOn: reset, perTryTimeout: 20s}"),
      ElementsAre(HasSubstr("RouteOption app/o: warning: spec.options.retries.perTryTimeout: 20s is not below the "
                            "timeout 15s and is ignored")));
  EXPECT_THAT(with_option("{retryOn: reset, perTryTimeout: 20s}", std::string(kGet) + "timeouts: {request: 0s}, "),
              IsEmpty());
  EXPECT_THAT(
      with_rule("matches: [{method: GET}], retry: {}, timeouts: {request: 2s, backendRequest: 2s}"),
      ElementsAre(HasSubstr("HTTPRoute app/r: warning: spec.rules[0].timeouts.backendRequest: 2s is not below the "
                            "timeout 2s and is ignored")));
}

TEST(Advice, APerTryTimeoutThatNoTokenCovers) {
  EXPECT_THAT(
      with_option("{retryOn: 'connect-failure,retriable-4xx', perTryTimeout: 5s, numRetries: 3}"),
      ElementsAre(HasSubstr("RouteOption app/o: warning: spec.options.retries.perTryTimeout: an attempt that takes "
                            "longer is answered 504, not retried: connect-failure, retriable-4xx covers no "
                            "timeout; reset, gateway-error and 5xx do")));
  for (const char* token : {"5xx", "gateway-error", "reset"}) {
    EXPECT_THAT(with_option(std::string("{retryOn: ") + token + ", perTryTimeout: 5s}"), IsEmpty()) << token;
  }
  EXPECT_THAT(with_rule("matches: [{method: GET}], timeouts: {request: 9s, backendRequest: 2s}"), IsEmpty())
      << "nothing is retried, so nothing is missed";
}

TEST(Advice, AttemptsThatDoNotFit) {
  EXPECT_THAT(
      with_option("{retryOn: reset, perTryTimeout: 5s, numRetries: 3}"),
      ElementsAre(HasSubstr("RouteOption app/o: warning: spec.options.retries: worst case: 4 tries of 5s do not fit "
                            "into the timeout 15s")));
  EXPECT_THAT(with_option("{retryOn: reset, perTryTimeout: 5s, numRetries: 2}"), IsEmpty());
  EXPECT_THAT(with_rule("matches: [{method: GET}], retry: {attempts: 3}, timeouts: {request: 3s, backendRequest: 1s}"),
              ElementsAre(HasSubstr("HTTPRoute app/r: warning: spec.rules[0].retry: worst case: 4 tries of 1s")));
  EXPECT_THAT(
      with_rule("matches: [{method: GET}]",
                traffic_of("t", targets_of("HTTPRoute", "r") + "timeouts: {request: 3s}, retry: {retryOn: [5xx], "
                                                               "attempts: 3, perTryTimeout: 1s}")),
      ElementsAre(HasSubstr("TrafficPolicy app/t: warning: spec.retry: worst case: 4 tries of 1s")));
}

TEST(Advice, UnsafeMethodsOncePerPolicy) {
  World world;
  std::string rule = "{filters: [" + filter_of("o") + "], " + kToService + "}";
  world.load(base() + option_of("o", "{options: {retries: {retryOn: '5xx'}}}") + route_of("r", rule + ", " + rule));
  ASSERT_EQ(world.warnings.size(), 1u);
  EXPECT_THAT(world.warnings[0].line(),
              HasSubstr("RouteOption app/o: warning: spec.options.retries.retryOn: covers POST"));
  EXPECT_GT(world.warnings[0].at.line, 0);
}

TEST(Advice, UnsafeMethodsByMatch) {
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}) {
    EXPECT_THAT(with_rule(std::string("matches: [{method: ") + method + "}], retry: {}"), IsEmpty()) << method;
  }
  for (const char* matches : {"matches: [{method: POST}]", "matches: [{method: GET}, {method: PATCH}]", "name: any"}) {
    EXPECT_THAT(with_rule(std::string(matches) + ", retry: {}"),
                ElementsAre(HasSubstr("HTTPRoute app/r: warning: spec.rules[0].retry: covers POST")))
        << matches;
  }
  EXPECT_THAT(with_option("{retryOn: connect-failure}", ""), IsEmpty()) << "the origin never saw the request";
  EXPECT_THAT(with_rule("name: any", traffic_of("t", targets_of("HTTPRoute", "r") + "retry: {retryOn: [5xx]}")),
              ElementsAre(HasSubstr("TrafficPolicy app/t: warning: spec.retry.retryOn: covers POST")));
}

TEST(Advice, HeadersThatNobodyNames) {
  World world;
  auto lines = [&](const std::string& metadata) {
    world.load(base() + route_of("r", "{filters: [" + filter_of("o") + "], " + kToService + "}") +
               policy_of("gateway.solo.io/v1", "RouteOption", "{name: o, namespace: app" + metadata + "}",
                         "options: {retries: {retryOn: retriable-headers}}"));
    return world.warning_lines();
  };
  EXPECT_THAT(lines(""), Contains(HasSubstr("spec.options.retries.retryOn: \"retriable-headers\" retries nothing "
                                            "without the annotation kgwcore.dev/retriable_headers")));
  EXPECT_THAT(lines(", annotations: {kgwcore.dev/retriable_headers: x-again}"), ElementsAre(HasSubstr("covers POST")));
  EXPECT_THAT(lines(", annotations: {kgwcore.dev/retriable_headers: x-again, kgwcore.dev/retriable_request_headers: "
                    "x-idempotent}"),
              IsEmpty())
      << "the author has chosen the requests";
}

TEST(Advice, WhatRetriesNothingNeedsNone) {
  EXPECT_THAT(
      with_rule("name: any",
                traffic_of("t", targets_of("HTTPRoute", "r") +
                                    "retry: {retryOn: [connect-failure, 5xx], attempts: 0, perTryTimeout: 5s}")),
      IsEmpty());
}

TEST(Advice, TheGuidesExampleHasOneLine) {
  EXPECT_THAT(with_option("{retryOn: connect-failure, numRetries: 3, perTryTimeout: 5s}", ""),
              ElementsAre(HasSubstr("an attempt that takes longer is answered 504, not retried: connect-failure")));
}

} // namespace
} // namespace kgw::config::test
