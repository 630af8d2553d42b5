#include "retry/examine.h"

#include <gtest/gtest.h>

namespace kgw::retry {
namespace {

TEST(Examine, TokensAndStatuses) {
  struct Case {
    uint32_t on;
    uint16_t status;
    bool covered;
  };
  const Case cases[] = {
      {k5xx, 500, true},          {k5xx, 599, true},           {k5xx, 600, false},        {k5xx, 499, false},
      {kGatewayError, 500, false}, {kGatewayError, 502, true},  {kGatewayError, 503, true}, {kGatewayError, 504, true},
      {kRetriable4xx, 409, true}, {kRetriable4xx, 404, false}, {kReset, 503, false},      {kConnectFailure, 503, false},
      {kRetriableStatusCodes, 418, true}, {kRetriableStatusCodes, 503, false}, {k5xx, 418, false},
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

} // namespace
} // namespace kgw::retry
