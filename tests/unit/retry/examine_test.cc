#include "retry/examine.h"

#include <gtest/gtest.h>

#include "base/arena.h"
#include "http/forwarding.h"

namespace kgw::retry {
namespace {

TEST(Examine, TokensAndStatuses) {
  struct Case {
    uint32_t on;
    uint16_t status;
    bool covered;
  };
  const Case cases[] = {
      {k5xx, 500, true},
      {k5xx, 599, true},
      {k5xx, 600, false},
      {k5xx, 499, false},
      {kGatewayError, 500, false},
      {kGatewayError, 502, true},
      {kGatewayError, 503, true},
      {kGatewayError, 504, true},
      {kRetriable4xx, 409, true},
      {kRetriable4xx, 404, false},
      {kReset, 503, false},
      {kConnectFailure, 503, false},
      {kRetriableStatusCodes, 418, true},
      {kRetriableStatusCodes, 503, false},
      {k5xx, 418, false},
  };
  Policy policy{.status_codes = {418}};
  for (const Case& c : cases) {
    policy.on = c.on;
    EXPECT_EQ(covers(c.on, examine_status(c.status, true, policy)), c.covered) << c.on << ' ' << c.status;
  }
}

TEST(Examine, ARateLimitedResponseIsDecidedByItsTokenAlone) {
  ResponseFacts facts = examine_status(503, true, {});
  facts.ratelimited = true;
  EXPECT_FALSE(covers(k5xx | kGatewayError, facts));
  EXPECT_TRUE(covers(kEnvoyRatelimited, facts));
}

TEST(Examine, TokensAndResets) {
  struct Case {
    uint32_t on;
    Reason reason;
    bool head_sent, covered;
  };
  const Case cases[] = {
      {k5xx, Reason::kConnectionTermination, true, true},
      {kGatewayError, Reason::kPerTryTimeout, true, true},
      {kReset, Reason::kProtocolError, true, true},
      {kReset, Reason::kOverflow, false, false},
      {k5xx, Reason::kOverflow, false, false},
      {kConnectFailure, Reason::kRemoteConnectionFailure, false, true},
      {kConnectFailure, Reason::kLocalConnectionFailure, false, true},
      {kConnectFailure, Reason::kConnectionTimeout, false, true},
      {kConnectFailure, Reason::kConnectionTermination, true, false},
      {kConnectFailure, Reason::kPerTryTimeout, true, false},
      {kResetBeforeRequest, Reason::kConnectionTermination, false, true},
      {kResetBeforeRequest, Reason::kConnectionTermination, true, false},
      {kRetriable4xx, Reason::kRemoteConnectionFailure, false, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(covers(c.on, c.reason, c.head_sent), c.covered) << c.on << ' ' << facts_of(c.reason).name;
  }
}

struct Response {
  base::Arena arena;
  http::Head head;
  Response(uint16_t status, std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    head.status = status;
    for (auto [name, value] : fields) {
      http::Token token = http::token_of(name);
      token == http::Token::kOther ? http::add_field(head, arena, name, value)
                                   : http::add_field(head, arena, token, value);
    }
  }
};

TEST(Examine, GrpcTokensLookAtTheHeadAlone) {
  const std::pair<const char*, uint32_t> rows[] = {{"1", kGrpcCancelled},
                                                   {"4", kGrpcDeadlineExceeded},
                                                   {"8", kGrpcResourceExhausted},
                                                   {"13", kGrpcInternal},
                                                   {"14", kGrpcUnavailable},
                                                   {"0", 0},
                                                   {"2", 0},
                                                   {"x", 0},
                                                   {"014", kGrpcUnavailable}};
  for (auto [status, token] : rows) {
    Response response(200, {{"grpc-status", status}});
    EXPECT_EQ(examine(response.head, true, {}, 0).matched & kGrpc, token) << status;
  }
  EXPECT_FALSE(covers(kGrpcUnavailable, Reason::kConnectionTermination, true)) << "never a reset";
}

TEST(Examine, RetriableHeadersArePresence) {
  Policy policy{.on = kRetriableHeaders, .headers = {{.name = "x-again"}}};
  EXPECT_TRUE(covers(policy.on, examine(Response(200, {{"x-again", ""}}).head, true, policy, 0)));
  EXPECT_FALSE(covers(policy.on, examine(Response(500, {{"x-other", "1"}}).head, true, policy, 0)));
  policy.headers = {{.name = "x-again", .value = "no"}};
  EXPECT_TRUE(covers(policy.on, examine(Response(200, {{"x-again", "no"}}).head, true, policy, 0)));
  EXPECT_FALSE(covers(policy.on, examine(Response(200, {{"x-again", "not"}}).head, true, policy, 0)));
  policy.headers = {{.name = ":status", .value = "204"}};
  EXPECT_TRUE(covers(policy.on, examine(Response(204, {}).head, true, policy, 0)));
  EXPECT_FALSE(covers(policy.on, examine(Response(200, {}).head, true, policy, 0)));
  policy.headers = {{.name = ":status"}};
  EXPECT_TRUE(covers(policy.on, examine(Response(200, {}).head, true, policy, 0)));
}

TEST(Examine, TheFirstUsableResetHeaderGivesTheWait) {
  using Format = ResetHeader::Format;
  Policy policy{.reset_headers = {{"retry-after", Format::kSeconds}, {"x-reset", Format::kUnixTimestamp}}};
  auto wait = [&](std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    return examine(Response(503, fields).head, true, policy, 1000).wait_ms;
  };
  EXPECT_EQ(wait({}), -1);
  EXPECT_EQ(wait({{"retry-after", "2"}, {"x-reset", "1009"}}), 2000);
  EXPECT_EQ(wait({{"retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"}, {"x-reset", "1009"}}), 9000);
  EXPECT_EQ(wait({{"x-reset", "999"}}), -1) << "in the past";
  EXPECT_EQ(wait({{"retry-after", "301"}, {"x-reset", "1009"}}), 9000)
      << "above the cap it is passed over, not clamped";
  EXPECT_EQ(wait({{"retry-after", "300"}}), 300'000);
  EXPECT_EQ(wait({{"retry-after", "3"}, {"retry-after", "4"}}), 3000) << "its first value";
  EXPECT_EQ(wait({{"retry-after", "99999999999999999999"}}), -1);
}

TEST(Examine, RetryAfterStandsBehindTheResetHeaders) {
  Policy policy{.reset_headers = {{"x-reset", ResetHeader::Format::kSeconds}}, .retry_after = true};
  auto wait = [&](std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    return examine(Response(503, fields).head, true, policy, 784'111'777).wait_ms;
  };
  EXPECT_EQ(wait({{"retry-after", "2"}}), 2000);
  EXPECT_EQ(wait({{"retry-after", "Sun, 06 Nov 1994 08:49:40 GMT"}}), 3000);
  EXPECT_EQ(wait({{"retry-after", "2"}, {"x-reset", "7"}}), 7000);
  EXPECT_EQ(wait({{"retry-after", "2"}, {"x-reset", "soon"}}), 2000);
  EXPECT_EQ(wait({{"retry-after", "301"}}), -1) << "beyond the most";
  EXPECT_EQ(wait({{"retry-after", "Sun, 06 Nov 1994 08:49:30 GMT"}}), -1) << "in the past";
  EXPECT_EQ(wait({{"retry-after", "soon"}}), -1);
  policy.retry_after = false;
  EXPECT_EQ(wait({{"retry-after", "2"}}), -1);
}

TEST(Examine, EachLineOfANameCounts) {
  base::Arena arena;
  http::Head head;
  head.status = 200;
  http::add_field(head, arena, "x-again", "a");
  http::add_field(head, arena, "x-other", "z");
  http::add_field(head, arena, "x-again", "b");
  for (const char* value : {"a", "b"}) EXPECT_TRUE(has_any(head, {{"x-again", value}})) << value;
  for (const char* value : {"a,b", "a, b", "", "z"}) EXPECT_FALSE(has_any(head, {{"x-again", value}})) << value;
  EXPECT_TRUE(has_any(head, {{.name = "x-again"}}));
}

TEST(Examine, OfARequestTheHostIsTheAuthority) {
  http::Head head;
  head.authority = "a.example";
  EXPECT_TRUE(has_any(head, {{"host", "a.example"}}));
  EXPECT_TRUE(has_any(head, {{":authority", "a.example"}}));
  EXPECT_FALSE(has_any(head, {{"host", "b.example"}}));
}

TEST(Examine, AGrpcStatusOnTwoLinesIsNone) {
  base::Arena arena;
  http::Head head;
  head.status = 200;
  http::add_field(head, arena, http::Token::kGrpcStatus, "14");
  EXPECT_EQ(examine(head, true, {.on = kGrpcUnavailable}, 0).matched, uint32_t{kGrpcUnavailable});
  http::add_field(head, arena, http::Token::kGrpcStatus, "14");
  EXPECT_EQ(examine(head, true, {.on = kGrpcUnavailable}, 0).matched, 0u);
}

TEST(Examine, EarlyDataLeavesA425ToTheClientUnlessAnotherRuleCoversIt) {
  Policy policy{.on = kRetriableStatusCodes | kRetriableHeaders, .status_codes = {425}};
  ResponseFacts facts = examine_status(425, true, policy);
  EXPECT_TRUE(facts.too_early);
  leave_to_client(facts);
  EXPECT_FALSE(covers(policy.on, facts));
  facts = examine_status(425, true, policy);
  facts.matched |= kRetriableHeaders;
  leave_to_client(facts);
  EXPECT_TRUE(covers(policy.on, facts));
  EXPECT_FALSE(facts.too_early) << "it waits as other retries do";
}

} // namespace
} // namespace kgw::retry
