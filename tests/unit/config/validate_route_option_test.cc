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

std::string option(const std::string& spec) { return document("gateway.solo.io/v1", "RouteOption", "spec: " + spec); }
std::string options(const std::string& fields) { return option("{options: {" + fields + "}}"); }
std::string retries(const std::string& fields) { return options("retries: {retryOn: 5xx, " + fields + "}"); }

TEST(RouteOption, ReadsTheWholePolicy) {
  auto read = payload<RouteOption>(option(
      "{targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r}], options: {timeout: 1m30s, retries: "
      "{"
      "retryOn: 'retriable-status-codes, reset', numRetries: 5, perTryTimeout: 0.5s, retriableStatusCodes: [418, 429], "
      "retryBackOff: {baseInterval: 100ms, maxInterval: 1s}}}}"));
  EXPECT_EQ(read.targets.at(0).name, "r");
  EXPECT_EQ(read.timeout, seconds(90));
  ASSERT_TRUE(read.retries);
  EXPECT_EQ(read.retries->on, retry::kRetriableStatusCodes | retry::kReset);
  EXPECT_EQ(read.retries->retries, 5u);
  EXPECT_EQ(read.retries->per_try_timeout, milliseconds(500));
  EXPECT_EQ(read.retries->base_interval, milliseconds(100));
  EXPECT_EQ(read.retries->max_interval, seconds(1));
  EXPECT_THAT(read.retries->status_codes, ElementsAre(418, 429));
}

TEST(RouteOption, ReadsTheHostToSend) {
  EXPECT_EQ(payload<RouteOption>(options("hostRewrite: 'a.b:80'")).host_rewrite, "a.b:80");
  EXPECT_THAT(problem(options("hostRewrite: 'a b'")), HasSubstr("need HOST or HOST:PORT"));
}

TEST(RouteOption, DefaultsAreEnvoys) {
  auto read = payload<RouteOption>(options("retries: {retryOn: 5xx}"));
  EXPECT_EQ(*read.retries, (retry::Policy{.on = retry::k5xx}));
  EXPECT_FALSE(payload<RouteOption>(option("{}")).retries);
  EXPECT_FALSE(payload<RouteOption>(option("{options: {retries: null, timeout: null}}")).retries);
  EXPECT_EQ(payload<RouteOption>(options("timeout: 0s")).timeout, Duration::zero());
}

TEST(RouteOption, PresentRetriesCountEvenWhenTheyRetryNothing) {
  Validated empty = load(options("retries: {}"));
  ASSERT_TRUE(empty.object);
  EXPECT_EQ(std::get<RouteOption>(empty.object->payload).retries->on, 0u);
  EXPECT_THAT(lines(empty), ElementsAre(HasSubstr("warning: spec.options.retries.retryOn: no known token")));
}

TEST(RouteOption, UnknownTokensWarnAndTheOthersStay) {
  Validated read = load(options("retries: {retryOn: 'conect-failure,5xx'}"));
  ASSERT_TRUE(read.object);
  EXPECT_EQ(std::get<RouteOption>(read.object->payload).retries->on, retry::k5xx);
  EXPECT_THAT(std::get<RouteOption>(read.object->payload).unknown_tokens, ElementsAre("conect-failure"));
  EXPECT_THAT(lines(read),
              ElementsAre(HasSubstr("(did you mean \"connect-failure\"?); known are 5xx, gateway-error, ")));
}

TEST(RouteOption, TokensThatAreNotBuiltWarn) {
  for (const retry::Token& token : retry::tokens()) {
    if (token.bit == retry::kRetriableStatusCodes || (token.bit & retry::kGrpc) != 0) continue; // of no use alone
    Validated read = load(options("retries: {retryOn: '" + std::string(token.name) + "'}"));
    ASSERT_TRUE(read.object);
    EXPECT_EQ(read.problems.empty(), (token.bit & retry::kBuilt) != 0) << token.name;
  }
}

TEST(RouteOption, TokensThatDoNothingAloneWarn) {
  EXPECT_EQ(problem(options("retries: {retryOn: 'retriable-status-codes'}")),
            "warning: spec.options.retries.retryOn: \"retriable-status-codes\" retries nothing without a list of "
            "statuses");
  EXPECT_THAT(problem(options("retries: {retryOn: 'unavailable,cancelled'}")), HasSubstr("only gRPC tokens"));
  EXPECT_THAT(lines(load(options("retries: {retryOn: 'unavailable,reset'}"))), IsEmpty());
}

TEST(RouteOption, ZeroRetriesMeanOne) {
  Validated read = load(retries("numRetries: 0"));
  ASSERT_TRUE(read.object);
  EXPECT_EQ(std::get<RouteOption>(read.object->payload).retries->retries, 1u);
  EXPECT_EQ(
      problem(retries("numRetries: 0")),
      "warning: spec.options.retries.numRetries: 0 counts as unset and means 1; leave retryOn out to retry nothing");
}

TEST(RouteOption, DeadSettingsWarn) {
  EXPECT_EQ(problem(options("timeout: 5s, retries: {retryOn: 5xx, perTryTimeout: 5s}")),
            "warning: spec.options.retries.perTryTimeout: is ignored: it is not below the timeout of 5s");
  EXPECT_THAT(lines(load(options("timeout: 0s, retries: {retryOn: 5xx, perTryTimeout: 5s}"))), IsEmpty());
  EXPECT_THAT(problem(retries("retriableStatusCodes: [418]")),
              HasSubstr("no effect without the token \"retriable-status-codes\""));
  EXPECT_THAT(problem(options("retries: {retryOn: retriable-status-codes, retriableStatusCodes: [700]}")),
              HasSubstr("no response has the status 700"));
  EXPECT_THAT(problem(retries("previousPriorities: {updateFrequency: 2}")),
              HasSubstr("warning: spec.options.retries.previousPriorities"));
}

TEST(RouteOption, BackOffBoundsAreChecked) {
  EXPECT_THAT(problem(retries("retryBackOff: {baseInterval: 2s, maxInterval: 1s}")),
              HasSubstr("maxInterval: invalid value: got \"1s\"; need at least the baseInterval of 2s"));
  EXPECT_THAT(problem(retries("retryBackOff: {maxInterval: 1s}")), HasSubstr("need baseInterval beside maxInterval"));
  EXPECT_THAT(problem(retries("retryBackOff: {baseInterval: 0s}")), HasSubstr("need a duration of at least 1ms"));
  EXPECT_THAT(problem(retries("retryBackOff: {baseInterval: 500us}")), HasSubstr("need a duration of at least 1ms"));
  EXPECT_THAT(problem(retries("retryBackOff: {baseInterval: 1s, maxInterval: 0s}")),
              HasSubstr("maxInterval: invalid value"));
  EXPECT_THAT(lines(load(retries("retryBackOff: {baseInterval: 1ms, maxInterval: 1ms}"))), IsEmpty());
}

TEST(RouteOption, TypesAreStrict) {
  EXPECT_THAT(problem(retries("numRetries: '3'")),
              HasSubstr("got \"3\"; need an integer from 0 to 4294967295 (without quotes)"));
  EXPECT_THAT(problem(retries("numRetries: -1")), HasSubstr("got -1"));
  EXPECT_THAT(problem(retries("perTryTimeout: 5")),
              HasSubstr("need a duration with a unit, such as 5s, 0.5s or 500ms"));
  EXPECT_THAT(problem(retries("perTryTimeout: 0s")), HasSubstr("perTryTimeout: invalid value"));
  EXPECT_THAT(problem(options("timeout: -1s")), HasSubstr("need a duration of at least 0s"));
  EXPECT_THAT(problem(options("retries: 5")), HasSubstr("got 5; need an object"));
  EXPECT_THAT(problem(option("{targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: r}]}")),
              HasSubstr("need one of HTTPRoute"));
  EXPECT_THAT(
      problem(option("{targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r, sectionName: x}]}")),
      HasSubstr("unknown field"));
}

TEST(RouteOption, SnakeCaseIsReadWithAWarning) {
  Validated read = load(options("retries: {retry_on: 5xx, num_retries: 3}"));
  ASSERT_TRUE(read.object);
  EXPECT_EQ(std::get<RouteOption>(read.object->payload).retries->retries, 3u);
  EXPECT_THAT(
      lines(read),
      ElementsAre(
          HasSubstr("f.yaml:4:28: RouteOption default/x: warning: spec.options.retries.retry_on: "),
          HasSubstr("spec.options.retries.num_retries: a Kubernetes cluster knows this field as numRetries only")));
  EXPECT_THAT(problem(retries("numRetries: 1, num_retries: 2")),
              HasSubstr("duplicate value: got num_retries; need only numRetries"));
}

TEST(RouteOption, ReadsResetHeaders) {
  Validated read =
      load(retries("rateLimitedRetryBackOff: {maxInterval: 10s, resetHeaders: [{name: Retry-After}, "
                   "{name: x-a, format: SECONDS}, {name: x-b, format: UNIX_TIMESTAMP}, {name: x-c, format: 1}]}"));
  ASSERT_TRUE(read.object);
  using Format = retry::ResetHeader::Format;
  const retry::Policy& policy = *std::get<RouteOption>(read.object->payload).retries;
  EXPECT_EQ(policy.reset_headers, (std::vector<retry::ResetHeader>{{"retry-after", Format::kSeconds},
                                                                   {"x-a", Format::kSeconds},
                                                                   {"x-b", Format::kUnixTimestamp},
                                                                   {"x-c", Format::kUnixTimestamp}}));
  EXPECT_EQ(policy.reset_most, std::chrono::seconds(10));
  EXPECT_THAT(problem(retries("rateLimitedRetryBackOff: {resetHeaders: [{name: x, format: MINUTES}]}")),
              HasSubstr("need one of SECONDS, UNIX_TIMESTAMP"));
  EXPECT_THAT(problem(retries("rateLimitedRetryBackOff: {resetHeaders: [{format: SECONDS}]}")),
              HasSubstr("name: required value missing"));
  EXPECT_THAT(problem(retries("rateLimitedRetryBackOff: {maxInterval: 0s}")), HasSubstr("need a duration"));
}

TEST(RouteOption, OtherOptionsSayThatTheyAreNotBuilt) {
  for (const char* later : {"idleTimeout: 5s", "headerManipulation: {}", "prefixRewrite: /", "autoHostRewrite: true",
                            "cors: {}", "lbHash: {}", "upgrades: [{websocket: {}}]"}) {
    EXPECT_THAT(problem(options(later)), testing::EndsWith(": not supported yet by kgwcore (accepted by kgateway)"))
        << later;
  }
  EXPECT_THAT(problem(options("stagedTransformations: {}")), HasSubstr("not supported by kgwcore"));
  EXPECT_THAT(lines(load(options("tracing: {}, envoyMetadata: {a: b}, upgrades: []"))), IsEmpty());
  EXPECT_THAT(problem(options("retrie: {}")), HasSubstr("did you mean \"retries\"?"));
}

TEST(RouteOption, ProtectionIsNeverDroppedSilently) {
  for (const char* name : {"extauth", "jwt", "jwtStaged", "rbac", "waf", "csrf", "ratelimit", "rateLimitConfigs"}) {
    Validated guarded = load(options(std::string(name) + ": {a: b}"));
    EXPECT_FALSE(guarded.object) << name;
    EXPECT_TRUE(guarded.protection) << name;
    Validated off = load(options(std::string(name) + ": {disable: true}"));
    EXPECT_TRUE(off.object) << name;
    EXPECT_FALSE(off.protection) << name;
  }
}

} // namespace
} // namespace kgw::config
