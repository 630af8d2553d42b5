// timeouts and retry of an HTTPRoute's rule.

#include <gmock/gmock.h>

#include "unit/config/load.h"

namespace kgw::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::document;
using test::lines;
using test::load;
using test::payload;
using test::problem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string rule(const std::string& fields) {
  return document("gateway.networking.k8s.io/v1", "HTTPRoute", "spec: {rules: [" + fields + "]}");
}
HttpRouteRule read(const std::string& fields) { return payload<HttpRoute>(rule(fields)).rules.at(0); }

TEST(HttpTimeouts, AreGatewayDurations) {
  auto route = payload<HttpRoute>(rule("{timeouts: {request: 10s, backendRequest: 2s}}, {timeouts: {request: 0s}}"));
  EXPECT_EQ(route.rules[0].own.timeout, seconds(10));
  EXPECT_EQ(route.rules[0].backend_request, seconds(2));
  EXPECT_EQ(route.rules[1].own.timeout, Duration::zero());
  EXPECT_EQ(
      problem(rule("{timeouts: {request: 0.5s}}")),
      "spec.rules[0].timeouts.request: invalid value: got \"0.5s\"; need a duration in whole h, m, s, ms, such as "
      "5s or 1m30s");
  EXPECT_THAT(problem(rule("{timeouts: {request: 5}}")), HasSubstr("got 5; need a duration in whole h, m, s, ms"));
  EXPECT_THAT(problem(rule("{timeouts: {requst: 5s}}")), HasSubstr("did you mean \"request\"?"));
}

TEST(HttpTimeouts, OneAttemptMayNotTakeLongerThanAll) {
  EXPECT_EQ(problem(rule("{timeouts: {request: 1s, backendRequest: 2s}}")),
            "spec.rules[0].timeouts.backendRequest: invalid value: got \"2s\"; need at most the request timeout of 1s");
  EXPECT_THAT(lines(load(rule("{timeouts: {request: 1s, backendRequest: 1s}}"))), IsEmpty());
  EXPECT_THAT(lines(load(rule("{timeouts: {request: 0s, backendRequest: 2s}}"))), IsEmpty());
}

TEST(HttpTimeouts, BackendRequestAloneDiffersFromKgateway) {
  EXPECT_THAT(
      problem(rule("{timeouts: {backendRequest: 2s}}")),
      HasSubstr("warning: spec.rules[0].timeouts.backendRequest: without request this limits each attempt here"));
}

TEST(HttpRetry, AnEmptyObjectRetriesWhatHasNoAnswer) {
  HttpRouteRule made = read("{retry: {}}");
  ASSERT_TRUE(made.own.retries);
  EXPECT_EQ(*made.own.retries,
            (retry::Policy{.on = retry::kConnectFailure | retry::kRefusedStream | retry::kReset, .retries = 1}));
  EXPECT_EQ(made.own.retries_at.path, "spec.rules[0].retry");
  EXPECT_FALSE(read("{retry: null}").own.retries);
  EXPECT_FALSE(read("{}").own.retries);
}

TEST(HttpRetry, CodesBringTheirTokenAlong) {
  retry::Policy policy = *read("{retry: {attempts: 3, codes: [500, 503, 429]}}").own.retries;
  EXPECT_EQ(policy.on, retry::kConnectFailure | retry::kRefusedStream | retry::kReset | retry::kRetriableStatusCodes);
  EXPECT_EQ(policy.retries, 3u);
  EXPECT_THAT(policy.status_codes, ElementsAre(500, 503, 429));
  EXPECT_EQ(read("{retry: {codes: []}}").own.retries->on & retry::kRetriableStatusCodes, 0u);
}

TEST(HttpRetry, BackoffIsAMinimumAndSaysSo) {
  Validated made = load(rule("{retry: {backoff: 100ms}}"));
  ASSERT_TRUE(made.object);
  retry::Policy policy = *std::get<HttpRoute>(made.object->payload).rules[0].own.retries;
  EXPECT_EQ(policy.base_interval, milliseconds(100));
  EXPECT_EQ(policy.max_interval, Duration::zero()) << "ten times the base";
  EXPECT_EQ(policy.jitter, retry::Jitter::kAboveMinimum);
  EXPECT_THAT(lines(made), ElementsAre(HasSubstr(
                               "f.yaml:4:34: HTTPRoute default/x: warning: spec.rules[0].retry.backoff: each retry "
                               "waits at least 100ms here")));
  retry::Policy at_once = *read("{retry: {backoff: 0s}}").own.retries;
  EXPECT_EQ(at_once.base_interval, milliseconds(1)) << "the shortest that the back-off knows";
  EXPECT_EQ(at_once.jitter, retry::Jitter::kAboveMinimum);
  EXPECT_EQ(read("{retry: {}}").own.retries->jitter, retry::Jitter::kFull) << "no minimum was asked for";
}

TEST(HttpRetry, ValuesAreChecked) {
  EXPECT_EQ(problem(rule("{retry: {attempts: 0}}")),
            "spec.rules[0].retry.attempts: invalid value: got 0; need an integer from 1 to 4294967295");
  EXPECT_THAT(problem(rule("{retry: {attempts: '3'}}")), HasSubstr("(without quotes)"));
  EXPECT_EQ(problem(rule("{retry: {codes: [200]}}")),
            "spec.rules[0].retry.codes[0]: invalid value: got 200; need an integer from 400 to 599");
  EXPECT_THAT(problem(rule("{retry: {codes: [600]}}")), HasSubstr("got 600; need an integer from 400 to 599"));
  EXPECT_EQ(problem(rule("{retry: {codes: [500, 500]}}")),
            "spec.rules[0].retry.codes[1]: duplicate value: got \"500\"; need each status once");
  EXPECT_THAT(problem(rule("{retry: {backoff: 0.1s}}")), HasSubstr("retry.backoff: invalid value: got \"0.1s\""));
  EXPECT_THAT(problem(rule("{retry: {attemps: 3}}")), HasSubstr("did you mean \"attempts\"?"));
  EXPECT_THAT(problem(rule("{retry: 3}")), HasSubstr("spec.rules[0].retry: invalid value: got 3; need an object"));
}

} // namespace
} // namespace kgw::config
