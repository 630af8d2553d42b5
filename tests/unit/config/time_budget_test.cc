#include "config/time_budget.h"

#include <gtest/gtest.h>

namespace kgw::config {
namespace {

using namespace std::chrono_literals;

retry::Policy retries(uint32_t count) { return {.on = retry::kReset, .retries = count}; }

TEST(TimeBudget, WithoutRetriesThereIsOneTry) {
  TimeBudget budget = time_budget({}, 15s, 0s);
  EXPECT_EQ(budget.tries, 1u);
  EXPECT_EQ(budget.back_off, Duration::zero());
  EXPECT_EQ(print_budget(budget), "total 15s, 1 try");
  EXPECT_EQ(print_budget(time_budget({}, 0s, 5s)), "total none, 1 try of 5s");
}

TEST(TimeBudget, BackOffIsTheSumOfTheLongestWaits) {
  EXPECT_EQ(time_budget(retries(1), 15s, 0s).back_off, Duration(25ms));
  EXPECT_EQ(time_budget(retries(4), 15s, 0s).back_off, Duration(25ms + 50ms + 100ms + 200ms));
  EXPECT_EQ(time_budget(retries(7), 15s, 0s).back_off, Duration(375ms + 3 * 250ms)) << "capped at ten times the base";
  retry::Policy policy = retries(5);
  policy.base_interval = 100ms;
  policy.max_interval = 1200ms;
  EXPECT_EQ(time_budget(policy, 15s, 0s).back_off, Duration(100ms + 200ms + 400ms + 800ms + 1200ms));
  policy.jitter = retry::Jitter::kAboveMinimum;
  EXPECT_EQ(time_budget(policy, 15s, 0s).back_off, Duration(4050ms)) << "each wait up to half as long again";
}

TEST(TimeBudget, TheLongestNeedsALimitOfOneTry) {
  EXPECT_EQ(longest(time_budget(retries(3), 15s, 5s)), Duration(20s + 175ms));
  EXPECT_EQ(longest(time_budget(retries(3), 15s, 0s)), Duration::zero());
  EXPECT_EQ(print_budget(time_budget(retries(3), 15s, 5s)), "total 15s, 4 tries of 5s, back-off 175ms");
}

TEST(TimeBudget, HugePoliciesDoNotOverflow) {
  retry::Policy policy = retries(UINT32_MAX);
  policy.base_interval = 24h * 365;
  policy.max_interval = 24h * 365;
  TimeBudget budget = time_budget(policy, 0s, 24h * 365);
  EXPECT_GT(budget.back_off, Duration::zero());
  EXPECT_GT(longest(budget), Duration::zero());
  EXPECT_EQ(budget.tries, uint64_t{UINT32_MAX} + 1);
}

} // namespace
} // namespace kgw::config
