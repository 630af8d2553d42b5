#include "cluster/check_verdict.h"

#include <gtest/gtest.h>

namespace kgw::cluster {
namespace {

using enum CheckResult;

struct CheckVerdictTest : testing::Test {
  HealthCheck rules{.unhealthy_threshold = 3, .healthy_threshold = 2};
  Health health{Health::kFailedCheck};
  CheckVerdict verdict;
  bool take(CheckResult result) { return verdict.take(result, rules, health); }
};

TEST_F(CheckVerdictTest, TheFirstResultDecidesAlone) {
  EXPECT_TRUE(take(kPassed));
  EXPECT_TRUE(health.usable());
  Health in_use;
  CheckVerdict of_it;
  EXPECT_TRUE(of_it.take(kNoAnswer, rules, in_use)) << "for an endpoint that was in use before there were checks too";
}

TEST_F(CheckVerdictTest, SilenceCountsFromTheThresholdAWrongAnswerAtOnce) {
  take(kPassed);
  EXPECT_FALSE(take(kNoAnswer));
  EXPECT_FALSE(take(kTimeout));
  EXPECT_FALSE(take(kPassed));
  EXPECT_FALSE(take(kNoAnswer)) << "not in a row";
  EXPECT_FALSE(take(kNoAnswer));
  EXPECT_TRUE(take(kTimeout));
  EXPECT_EQ(health.flags(), Health::kFailedCheck | Health::kCheckTimeout);
  take(kNoAnswer);
  EXPECT_EQ(health.flags(), uint32_t{Health::kFailedCheck}) << "of the last check";
  EXPECT_FALSE(take(kPassed));
  EXPECT_TRUE(take(kPassed));
  EXPECT_TRUE(take(kRefused));
}

TEST_F(CheckVerdictTest, ItComesBackAfterAsManyInARowAsTheThreshold) {
  take(kPassed);
  EXPECT_TRUE(take(kRefused));
  EXPECT_FALSE(take(kPassed));
  EXPECT_FALSE(take(kRefused));
  EXPECT_FALSE(take(kPassed));
  EXPECT_TRUE(take(kPassed));
  EXPECT_EQ(health.flags(), 0u);
}

TEST_F(CheckVerdictTest, OneThatAsksToBeLeftOutIsExcludedUntilItIsBack) {
  take(kPassed);
  EXPECT_TRUE(take(kAskedOut));
  EXPECT_EQ(health.flags(), Health::kFailedCheck | Health::kExcluded);
  EXPECT_FALSE(take(kAskedOut));
  take(kPassed);
  EXPECT_TRUE(take(kPassed));
  EXPECT_EQ(health.flags(), 0u);
  take(kRefused);
  EXPECT_TRUE(take(kAskedOut)) << "failed before, but it counted towards the panic threshold";
}

} // namespace
} // namespace kgw::cluster
