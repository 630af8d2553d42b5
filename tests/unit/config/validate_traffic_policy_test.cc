#include <gmock/gmock.h>

#include "unit/config/load.h"

namespace kgw::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::lines;
using test::load;
using test::payload;
using test::problem;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

std::string policy(const std::string& fields) {
  return test::document("gateway.kgateway.dev/v1alpha1", "TrafficPolicy", "spec: {" + fields + "}");
}
std::string retry(const std::string& fields) { return policy("retry: {retryOn: [5xx], " + fields + "}"); }

TEST(TrafficPolicy, ReadsTheWholeRetry) {
  auto read = payload<TrafficPolicy>(
      policy("timeouts: {request: 10s}, retry: {retryOn: [connect-failure, gateway-error], attempts: 3, "
             "perTryTimeout: 2s, statusCodes: [429, 503], backoffBaseInterval: 50ms, rateLimitedBackOff: {maxInterval: "
             "1m, resetHeaders: [{name: Retry-After, format: Seconds}, {name: x-reset, format: UnixTimestamp}]}, "
             "retryHostPredicates: [PreviousHosts]}"));
  EXPECT_EQ(read.timeout, seconds(10));
  retry::Policy expected{.on = retry::kConnectFailure | retry::kGatewayError | retry::kRetriableStatusCodes,
                         .retries = 3,
                         .per_try_timeout = seconds(2),
                         .base_interval = milliseconds(50),
                         .status_codes = {429, 503},
                         .reset_headers = {{"retry-after", retry::ResetHeader::Format::kSeconds},
                                           {"x-reset", retry::ResetHeader::Format::kUnixTimestamp}},
                         .reset_most = seconds(60),
                         .previous_hosts = true};
  EXPECT_EQ(*read.retries, expected);
}

TEST(TrafficPolicy, DefaultsAreEnvoys) {
  EXPECT_EQ(*payload<TrafficPolicy>(policy("retry: {retryOn: [reset]}")).retries,
            (retry::Policy{.on = retry::kReset, .retries = 1}));
  EXPECT_EQ(payload<TrafficPolicy>(policy("timeouts: {request: 0s}")).timeout, Duration::zero());
  EXPECT_TRUE(payload<TrafficPolicy>(policy("")).empty());
}

TEST(TrafficPolicy, ZeroAttemptsAreNone) {
  EXPECT_EQ(payload<TrafficPolicy>(retry("attempts: 0")).retries->retries, 0u) << "a RouteOption would mean 1";
}

TEST(TrafficPolicy, StatusCodesAloneAreEnough) {
  EXPECT_EQ(payload<TrafficPolicy>(policy("retry: {statusCodes: [500]}")).retries->on,
            uint32_t{retry::kRetriableStatusCodes});
  EXPECT_EQ(problem(policy("retry: {attempts: 3}")),
            "spec.retry: required value missing: got nothing; need retryOn or statusCodes");
  EXPECT_THAT(problem(policy("retry: {retryOn: [retriable-status-codes]}")), HasSubstr("without a list of statuses"));
}

TEST(TrafficPolicy, TokensAreAClosedList) {
  for (const retry::Token& token : retry::tokens()) {
    Validated read = load(policy("retry: {statusCodes: [500], retryOn: ['" + std::string(token.name) + "']}"));
    EXPECT_EQ(read.object.has_value(), token.bit != retry::kRetriableHeaders) << token.name;
  }
  EXPECT_THAT(problem(policy("retry: {retryOn: [conect-failure]}")),
              AllOf(HasSubstr("spec.retry.retryOn[0]: unsupported value: got \"conect-failure\"; need one of 5xx, "),
                    HasSubstr("did you mean \"connect-failure\"?")));
  EXPECT_THAT(problem(policy("retry: {retryOn: '5xx'}")), HasSubstr("got \"5xx\"; need a list"));
  EXPECT_THAT(problem(policy("retry: {retryOn: []}")), HasSubstr("too few"));
  EXPECT_THAT(problem(policy("retry: {retryOn: [unavailable]}")), HasSubstr("only gRPC tokens"));
}

TEST(TrafficPolicy, ValuesAreChecked) {
  EXPECT_THAT(problem(retry("attempts: -1")), HasSubstr("got -1; need an integer from 0 to 2147483647"));
  EXPECT_THAT(problem(retry("perTryTimeout: 0s")), HasSubstr("need a duration of at least 1ms"));
  EXPECT_THAT(problem(retry("perTryTimeout: 0.5s")), HasSubstr("need a duration in whole h, m, s, ms"));
  EXPECT_THAT(problem(retry("statusCodes: [399]")), HasSubstr("got 399; need an integer from 400 to 599"));
  EXPECT_THAT(problem(retry("statusCodes: []")), HasSubstr("too few"));
  EXPECT_THAT(problem(retry("backoffBaseInterval: 0s")), HasSubstr("at least 1ms"));
  EXPECT_THAT(problem(retry("retryHostPredicates: [Canary]")), HasSubstr("need one of PreviousHosts, OmitCanaryHosts"));
  EXPECT_THAT(problem(retry("retryHostPredicates: [PreviousHosts, PreviousHosts]")), HasSubstr("duplicate value"));
  EXPECT_THAT(problem(retry("retryHostPredicates: [OmitCanaryHosts]")),
              HasSubstr("warning: spec.retry.retryHostPredicates[0]: has no effect"));
  EXPECT_THAT(problem(retry("rateLimitedBackOff: {}")), HasSubstr("need resetHeaders"));
  EXPECT_THAT(problem(retry("rateLimitedBackOff: {resetHeaders: [{name: a, format: SECONDS}]}")),
              HasSubstr("need one of Seconds, UnixTimestamp"));
  EXPECT_THAT(problem(retry("numRetries: 3")), HasSubstr("unknown field"));
}

TEST(TrafficPolicy, OneAttemptIsShorterThanTheWhole) {
  EXPECT_EQ(problem(policy("timeouts: {request: 2s}, retry: {retryOn: [5xx], perTryTimeout: 2s}")),
            "spec.retry.perTryTimeout: invalid value: got \"2s\"; need a duration below the timeouts.request of 2s");
  EXPECT_THAT(problem(policy("timeouts: {request: 0s}, retry: {retryOn: [5xx], perTryTimeout: 2s}")),
              HasSubstr("below the timeouts.request of 0s"));
  EXPECT_THAT(lines(load(policy("timeouts: {request: 2s}, retry: {retryOn: [5xx], perTryTimeout: 1999ms}"))),
              IsEmpty());
}

TEST(TrafficPolicy, TargetsAreRoutesAndGateways) {
  auto read = payload<TrafficPolicy>(
      policy("targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r, sectionName: s}], "
             "targetSelectors: [{group: gateway.networking.k8s.io, kind: Gateway, matchLabels: {a: b}}]"));
  ASSERT_EQ(read.targets.size(), 2u);
  EXPECT_EQ(read.targets[0].name, "r");
  EXPECT_EQ(read.targets[0].section_name, "s");
  EXPECT_EQ(read.targets[0].path, "spec.targetRefs[0]");
  EXPECT_EQ(read.targets[1].labels, (Labels{{"a", "b"}}));
  auto problem_of = [](const std::string& target) { return problem(policy("targetRefs: [" + target + "]")); };
  EXPECT_EQ(problem_of("{group: '', kind: Service, name: s}"),
            "spec.targetRefs[0].kind: unsupported value: got \"Service\"; need one of "
            "gateway.networking.k8s.io/Gateway, gateway.networking.k8s.io/HTTPRoute, "
            "gateway.networking.k8s.io/GRPCRoute, gateway.networking.k8s.io/ListenerSet, "
            "gateway.networking.x-k8s.io/XListenerSet");
  EXPECT_THAT(problem_of("{group: gateway.networking.k8s.io, kind: HTTPRoute}"), HasSubstr("need name"));
  EXPECT_THAT(problem_of("{kind: HTTPRoute, name: r}"), HasSubstr("need group"));
  EXPECT_THAT(problem_of("{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r, namespace: n}"),
              HasSubstr("unknown field"));
  EXPECT_THAT(problem_of(""), HasSubstr("too few"));
  EXPECT_THAT(problem_of("{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r}, {group: "
                         "gateway.networking.k8s.io, kind: HTTPRoute, name: r}"),
              HasSubstr("need each target once"));
  EXPECT_THAT(problem(policy("targetSelectors: [{group: gateway.networking.k8s.io, kind: HTTPRoute}]")),
              HasSubstr("need matchLabels"));
}

TEST(TrafficPolicy, WhatIsNotBuiltSaysSo) {
  for (const char* later : {"headerModifiers", "autoHostRewrite", "urlRewrite", "faultInjection", "buffer", "cors"}) {
    EXPECT_THAT(problem(policy(std::string(later) + ": {a: b}")),
                EndsWith(": not supported yet by kgwcore (accepted by kgateway)"))
        << later;
  }
  for (const char* never : {"transformation", "extProc", "compression", "tracing"}) {
    EXPECT_THAT(problem(policy(std::string(never) + ": {a: b}")),
                EndsWith(": not supported by kgwcore (accepted by kgateway)"))
        << never;
  }
}

TEST(TrafficPolicy, ProtectionIsNeverDroppedSilently) {
  for (const char* name :
       {"extAuth", "jwtAuth", "rbac", "rateLimit", "csrf", "acl", "basicAuth", "apiKeyAuth", "oauth2"}) {
    Validated guarded = load(policy(std::string(name) + ": {a: b}"));
    EXPECT_FALSE(guarded.object) << name;
    EXPECT_TRUE(guarded.protection) << name;
    Validated off = load(policy(std::string(name) + ": {disable: {}}"));
    EXPECT_TRUE(off.object) << name;
  }
}

} // namespace
} // namespace kgw::config
