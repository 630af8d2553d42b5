#include "retry/backoff.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace kgw::retry {
namespace {

// Envoy's series: the bound doubles while it is below half of the maximum, then is the maximum.
TEST(Backoff, Bounds) {
  Backoff standard{Policy{}};
  base::Random random(1);
  for (int64_t bound : {25, 50, 100, 200, 250, 250}) {
    EXPECT_EQ(standard.interval_ms(), bound);
    standard.draw(random);
  }
  Backoff wide{Policy{.base_interval = base::from_ms(100), .max_interval = base::from_ms(1200)}};
  for (int64_t bound : {100, 200, 400, 800, 1200, 1200}) {
    EXPECT_EQ(wide.interval_ms(), bound);
    wide.draw(random);
  }
}

// 10,000 draws of each step, in tenths of their range: each tenth gets its share, give or take five standard
// deviations. The bounds are what a real Envoy's 400 requests of eight attempts showed.
void expect_uniform(const Policy& policy, std::initializer_list<std::pair<int64_t, int64_t>> ranges) {
  constexpr int kDraws = 10'000;
  base::Random random(3);
  std::vector<std::vector<int64_t>> draws(ranges.size());
  for (int i = 0; i < kDraws; ++i) {
    Backoff backoff(policy);
    for (auto& step : draws) step.push_back(base::to_ms(backoff.draw(random)));
  }
  size_t step = 0;
  for (auto [from, to] : ranges) {
    std::vector<int64_t>& all = draws[step++];
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all.front(), from);
    EXPECT_EQ(all.back(), to - 1);
    for (int64_t tenth = 0; tenth < 10; ++tenth) {
      // Whole milliseconds: a tenth holds those of them that lie in it.
      int64_t low = from + (to - from) * tenth / 10, high = from + (to - from) * (tenth + 1) / 10;
      double share = static_cast<double>(high - low) / static_cast<double>(to - from), expected = kDraws * share;
      auto seen = std::lower_bound(all.begin(), all.end(), high) - std::lower_bound(all.begin(), all.end(), low);
      EXPECT_NEAR(static_cast<double>(seen), expected, 5 * std::sqrt(expected * (1 - share)))
          << "step " << step << ", tenth " << tenth;
    }
  }
}

TEST(Backoff, DrawsAreUniformFromZeroAndBelowTheBound) {
  expect_uniform({}, {{0, 25}, {0, 50}, {0, 100}, {0, 200}, {0, 250}, {0, 250}, {0, 250}});
  expect_uniform({.base_interval = base::from_ms(100), .max_interval = base::from_ms(1200)},
                 {{0, 100}, {0, 200}, {0, 400}, {0, 800}, {0, 1200}, {0, 1200}});
}

TEST(Backoff, AboveAMinimumItIsNeverShorter) {
  expect_uniform({.base_interval = base::from_ms(100), .jitter = Jitter::kAboveMinimum},
                 {{100, 150}, {200, 300}, {400, 600}, {800, 1200}, {1000, 1500}, {1000, 1500}});
}

} // namespace
} // namespace kgw::retry
