#include "retry/request_headers.h"

#include <gtest/gtest.h>

#include "base/arena.h"
#include "http/forwarding.h"

namespace kgw::retry {
namespace {

struct Request {
  base::Arena arena;
  http::Head head;
  Request(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    for (auto [name, value] : fields) {
      http::Token token = http::token_of(name);
      token == http::Token::kOther ? http::add_field(head, arena, name, value)
                                   : http::add_field(head, arena, token, value);
    }
  }
};

Policy taken(Request request, Policy policy = {}) {
  take_request_headers(request.head, policy, false);
  return policy;
}
Asked asked(Request request, bool respect_expected = false) {
  Policy policy;
  return take_request_headers(request.head, policy, respect_expected);
}

TEST(RequestHeaders, TokensAreAddedEachFromItsOwnHeader) {
  EXPECT_EQ(taken({{"x-envoy-retry-on", "5xx, reset"}}, {.on = kConnectFailure}).on,
            uint32_t{k5xx | kReset | kConnectFailure});
  EXPECT_EQ(taken({{"x-envoy-retry-on", "unavailable"}}).on, 0u);
  EXPECT_EQ(taken({{"x-envoy-retry-grpc-on", "unavailable,5xx"}}).on, uint32_t{kGrpcUnavailable});
  EXPECT_EQ(taken({{"x-envoy-retry-on", "5XX,,junk"}}).on, 0u);
  EXPECT_EQ(taken({{"x-envoy-retry-on", "5xx"}}).retries, 1u) << "one retry where the route has none";
}

TEST(RequestHeaders, TheNumberReplacesIfAnythingIsRetried) {
  Policy route{.on = k5xx, .retries = 3};
  EXPECT_EQ(taken({{"x-envoy-max-retries", "7"}}, route).retries, 7u);
  EXPECT_EQ(taken({{"x-envoy-max-retries", " +7 "}}, route).retries, 7u);
  EXPECT_EQ(taken({{"x-envoy-max-retries", "0"}}, route).retries, 0u);
  EXPECT_EQ(taken({{"x-envoy-max-retries", "4294967296"}}, route).retries, 0u) << "32 bits";
  for (const char* bad : {"", "-1", "x", "1x", "1 2", "99999999999999999999"}) {
    EXPECT_EQ(taken({{"x-envoy-max-retries", bad}}, route).retries, 3u) << bad;
  }
  EXPECT_EQ(taken({{"x-envoy-max-retries", "7"}}, {.on = 0, .retries = 1}).retries, 1u);
}

TEST(RequestHeaders, ARequestThatThePolicyIsNotForIsNotRetriedAtAll) {
  Policy route{.on = k5xx, .retries = 3, .request_headers = {{.name = "x-safe"}, {.name = "x-kind", .value = "read"}}};
  EXPECT_EQ(taken({{"x-envoy-retry-on", "reset"}}, route).on, 0u) << "not even for what its headers ask for";
  EXPECT_EQ(taken({{"x-envoy-max-retries", "7"}}, route).retries, 3u) << "the number comes after it";
  EXPECT_EQ(taken({{"x-envoy-retry-on", "reset"}, {"x-safe", ""}}, route).on, uint32_t{k5xx | kReset});
  EXPECT_EQ(taken({{"x-kind", "read"}}, route).on, uint32_t{k5xx});
  EXPECT_EQ(taken({{"x-kind", "write"}}, route).on, 0u);
}

TEST(RequestHeaders, ListsGrow) {
  Policy policy = taken({{"x-envoy-retriable-status-codes", "418 junk, +503,xxx200, 409"}}, {.status_codes = {500}});
  EXPECT_EQ(policy.status_codes, (std::vector<uint16_t>{500, 503, 409}));
  policy = taken({{"x-envoy-retriable-header-names", " X-A,:status ,, "}});
  EXPECT_EQ(policy.headers, (std::vector<FieldMatch>{{.name = "x-a"}, {.name = ":status"}}));
}

TEST(RequestHeaders, Timeouts) {
  EXPECT_EQ(asked({{"x-envoy-upstream-rq-timeout-ms", "250"}}).timeout, base::from_ms(250));
  EXPECT_EQ(asked({{"x-envoy-upstream-rq-timeout-ms", "0"}}).timeout, Duration{});
  EXPECT_EQ(asked({{"x-envoy-upstream-rq-timeout-ms", "x"}}).timeout, std::nullopt);
  EXPECT_EQ(asked({{"x-envoy-upstream-rq-per-try-timeout-ms", "9"}}).per_try, base::from_ms(9));
  EXPECT_TRUE(asked({{"x-envoy-upstream-rq-timeout-alt-response", ""}}).alt_response) << "presence alone";
  EXPECT_EQ(asked({{"x-envoy-expected-rq-timeout-ms", "9"}}).timeout, std::nullopt);
  EXPECT_EQ(asked({{"x-envoy-expected-rq-timeout-ms", "9"}, {"x-envoy-upstream-rq-timeout-ms", "250"}}, true).timeout,
            base::from_ms(9))
      << "it beats the timeout header";
}

TEST(RequestHeaders, HedgingTakesTwoWords) {
  EXPECT_EQ(asked({{"x-envoy-hedge-on-per-try-timeout", "true"}}).hedge, true);
  EXPECT_EQ(asked({{"x-envoy-hedge-on-per-try-timeout", "false"}}).hedge, false);
  EXPECT_EQ(asked({{"x-envoy-hedge-on-per-try-timeout", "True"}}).hedge, std::nullopt);
}

TEST(RequestHeaders, AreTakenAway) {
  Request request{
      {"x-envoy-retry-on", "x"}, {"x-envoy-upstream-alt-stat-name", "a"}, {"x-envoy-expected-rq-timeout-ms", "9"}};
  Policy policy;
  take_request_headers(request.head, policy, false);
  EXPECT_EQ(request.head.find("x-envoy-retry-on"), nullptr);
  EXPECT_EQ(request.head.find("x-envoy-upstream-alt-stat-name"), nullptr);
  EXPECT_NE(request.head.find("x-envoy-expected-rq-timeout-ms"), nullptr) << "it is overwritten per attempt";
}

TEST(RequestHeaders, AListMayStandOnSeveralLines) {
  Policy policy = taken({{"x-envoy-retry-on", "5xx"},
                         {"x-envoy-retry-on", "reset, 5xx"},
                         {"x-envoy-retriable-status-codes", "404"},
                         {"x-envoy-retriable-status-codes", "410,411"},
                         {"x-envoy-retriable-header-names", "x-a"},
                         {"x-envoy-retriable-header-names", "x-b"}});
  EXPECT_EQ(policy.on, uint32_t{k5xx | kReset});
  EXPECT_EQ(policy.status_codes, (std::vector<uint16_t>{404, 410, 411}));
  ASSERT_EQ(policy.headers.size(), 2u);
  EXPECT_EQ(policy.headers[1].name, "x-b");
}

TEST(RequestHeaders, ANumberOnTwoLinesIsNone) {
  Policy route{.on = k5xx, .retries = 3};
  EXPECT_EQ(taken({{"x-envoy-max-retries", "2"}, {"x-envoy-max-retries", "2"}}, route).retries, 3u);
  EXPECT_EQ(asked({{"x-envoy-upstream-rq-timeout-ms", "5"}, {"x-envoy-upstream-rq-timeout-ms", "5"}}).timeout,
            std::nullopt);
}

} // namespace
} // namespace kgw::retry
