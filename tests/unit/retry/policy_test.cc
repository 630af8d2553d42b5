#include "retry/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kgw::retry {
namespace {

TEST(ParseRetryOn, TrimsItemsAndSkipsEmptyOnes) {
  ParsedOn parsed = parse_retry_on(" 5xx ,,\tconnect-failure,");
  EXPECT_EQ(parsed.on, k5xx | kConnectFailure);
  EXPECT_TRUE(parsed.unknown.empty());
}

TEST(ParseRetryOn, KeepsTheKnownItemsBesideUnknownOnes) {
  ParsedOn parsed = parse_retry_on("5XX,reset,5 xx,conect-failure");
  EXPECT_EQ(parsed.on, kReset);
  EXPECT_THAT(parsed.unknown, testing::ElementsAre("5XX", "5 xx", "conect-failure"));
}

TEST(ParseRetryOn, NothingIsNoRetry) {
  EXPECT_EQ(parse_retry_on("").on, 0u);
  EXPECT_EQ(parse_retry_on(" , ").on, 0u);
}

TEST(ParseRetryOn, TakesHttpAndGrpcTokensInOneString) {
  EXPECT_EQ(parse_retry_on("gateway-error,cancelled").on, kGatewayError | kGrpcCancelled);
}

TEST(Tokens, EachHasItsOwnBitAndParsesToIt) {
  uint32_t all = 0;
  for (const Token& token : tokens()) {
    EXPECT_EQ(all & token.bit, 0u) << token.name;
    all |= token.bit;
    EXPECT_EQ(parse_retry_on(token.name).on, token.bit) << token.name;
  }
  EXPECT_EQ(all & kBuilt, kBuilt);
  EXPECT_EQ(tokens().size(), 16u);
}

} // namespace
} // namespace kgw::retry
