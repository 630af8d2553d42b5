#include "cluster/retry_rate.h"

#include <deque>

#include <gtest/gtest.h>

#include "base/random.h"

namespace kgw::cluster {
namespace {

using base::from_ms;
using base::seconds;

const Instant kStart{seconds(1000)};

TEST(RecentCount, ForgetsWhatIsOlderThanTheWindow) {
  RecentCount count;
  for (int i = 0; i < 100; ++i) count.add(kStart + from_ms(i * 10), seconds(1));
  EXPECT_NEAR(static_cast<double>(count.in_the_last(seconds(1), kStart + from_ms(990))), 100, 4);
  EXPECT_NEAR(static_cast<double>(count.in_the_last(seconds(1), kStart + from_ms(1500))), 50, 4);
  EXPECT_EQ(count.in_the_last(seconds(1), kStart + from_ms(2000)), 0u);
  count.add(kStart + seconds(5000), seconds(1));
  EXPECT_EQ(count.in_the_last(seconds(1), kStart + seconds(5000)), 1u) << "after a long silence";
}

TEST(RecentCount, TheWindowMayChange) {
  RecentCount count;
  count.add(kStart, seconds(3600));
  count.add(kStart + seconds(1), seconds(1));
  EXPECT_EQ(count.in_the_last(seconds(1), kStart + seconds(1)), 1u);
  EXPECT_EQ(count.in_the_last(seconds(3600), kStart + seconds(1)), 2u);
}

// Never more than what the exact window holds, never less than what it held without its oldest 32nd.
TEST(RecentCount, StaysCloseToTheExactWindow) {
  for (int64_t window_ms : {1, 10, 1000, 10'000, 3'600'000}) {
    base::Random random(static_cast<uint64_t>(window_ms));
    RecentCount count;
    std::deque<Instant> exact;
    Instant now = kStart;
    for (int i = 0; i < 20'000; ++i) {
      now += Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>(window_ms) * 10'000)));
      count.add(now, from_ms(window_ms));
      exact.push_back(now);
      auto at_most = [&](Duration age) {
        return static_cast<uint64_t>(
            std::count_if(exact.begin(), exact.end(), [&](Instant at) { return now - at <= age; }));
      };
      while (now - exact.front() > from_ms(window_ms) * 2) exact.pop_front();
      if (i % 100 != 0) continue;
      uint64_t found = count.in_the_last(from_ms(window_ms), now);
      ASSERT_LE(found, at_most(from_ms(window_ms))) << window_ms;
      ASSERT_GE(found, at_most(from_ms(window_ms) - std::max<Duration>(from_ms(1), from_ms(window_ms) / 16)))
          << window_ms;
    }
  }
}

TEST(RetryRate, AllowsAPercentageOfTheRequestsAndAlwaysAFew) {
  RetryRate rate(2);
  RetryRateBudget budget{.percent = 20, .interval = seconds(10), .min_count = 2, .min_interval = seconds(1)};
  EXPECT_TRUE(rate.take(0, budget, kStart));
  EXPECT_TRUE(rate.take(1, budget, kStart)) << "two a second, whoever asks";
  EXPECT_FALSE(rate.take(0, budget, kStart));
  for (int i = 0; i < 10; ++i) rate.request_started(static_cast<unsigned>(i % 2), budget, kStart);
  EXPECT_FALSE(rate.take(0, budget, kStart)) << "two retries are 20 % of ten requests";
  rate.request_started(0, budget, kStart);
  EXPECT_TRUE(rate.take(1, budget, kStart));
  EXPECT_FALSE(rate.take(1, budget, kStart));
  EXPECT_TRUE(rate.take(1, budget, kStart + seconds(1))) << "a new second";
  EXPECT_TRUE(rate.take(1, budget, kStart + seconds(1)));
  EXPECT_FALSE(rate.take(1, budget, kStart + seconds(1)));
}

TEST(RetryRate, AllPercentOrNone) {
  RetryRate rate(1);
  RetryRateBudget none{.percent = 0, .interval = seconds(10), .min_count = 1, .min_interval = seconds(1)};
  for (int i = 0; i < 100; ++i) rate.request_started(0, none, kStart);
  EXPECT_TRUE(rate.take(0, none, kStart));
  EXPECT_FALSE(rate.take(0, none, kStart));
  RetryRateBudget all = none;
  all.percent = 100;
  for (int i = 1; i < 100; ++i) EXPECT_TRUE(rate.take(0, all, kStart)) << i;
  EXPECT_FALSE(rate.take(0, all, kStart));
}

} // namespace
} // namespace kgw::cluster
