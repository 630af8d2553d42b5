#include "retry/backoff.h"

#include <gtest/gtest.h>

namespace kgw::retry {
namespace {

// Envoy's series: the bound doubles while it is below half of the maximum, then is the maximum.
TEST(Backoff, Bounds) {
  Backoff standard{Policy{}};
  base::Random random(1);
  for (int64_t bound : {25, 50, 100, 200, 250, 250}) {
    EXPECT_EQ(standard.bound_ms(), bound);
    standard.draw(random);
  }
  Backoff wide{Policy{.base_interval = base::from_ms(100), .max_interval = base::from_ms(1200)}};
  for (int64_t bound : {100, 200, 400, 800, 1200, 1200}) {
    EXPECT_EQ(wide.bound_ms(), bound);
    wide.draw(random);
  }
}

TEST(Backoff, DrawsAreUniformFromZeroAndBelowTheBound) {
  base::Random random(3);
  int64_t least = 1000, most = 0, sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    int64_t ms = base::to_ms(Backoff{Policy{}}.draw(random));
    least = std::min(least, ms);
    most = std::max(most, ms);
    sum += ms;
  }
  EXPECT_EQ(least, 0);
  EXPECT_EQ(most, 24);
  EXPECT_NEAR(static_cast<double>(sum) / 10'000, 12.0, 0.3);
}

} // namespace
} // namespace kgw::retry
