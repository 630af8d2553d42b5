#include "base/random.h"

#include <gtest/gtest.h>

#include "base/counter.h"
#include "base/text.h"

namespace kgw::base {
namespace {

// Known numbers: the simulator's results must be the same on every machine.
TEST(Random, GivesTheSameNumbersForASeed) {
  Random one(0), other(0), different(1);
  EXPECT_EQ(one.next(), 11091344671253066420u);
  EXPECT_EQ(one.next(), 13793997310169335082u);
  EXPECT_NE(other.next(), different.next());
}

TEST(Random, StaysBelowItsBoundAndReachesAllOfIt) {
  Random random(42);
  uint64_t seen = 0;
  for (int i = 0; i < 1000; ++i) {
    uint64_t n = random.below(10);
    ASSERT_LT(n, 10u);
    seen |= uint64_t{1} << n;
  }
  EXPECT_EQ(seen, 0x3ffu);
  EXPECT_EQ(random.below(0), 0u);
  EXPECT_EQ(random.below(1), 0u);
}

TEST(Counter, AddsAndSubtracts) {
  Counter counter;
  counter.add();
  counter.add(5);
  counter.sub(2);
  EXPECT_EQ(counter.value(), 4u);
}

TEST(Text, ComparesTrimsAndGuesses) {
  EXPECT_TRUE(equal_ignore_case("Content-Length", "content-LENGTH"));
  EXPECT_FALSE(equal_ignore_case("a", "ab"));
  EXPECT_EQ(trim(" \t x y\t"), "x y");
  EXPECT_EQ(to_lower("ABC-1"), "abc-1");
  static constexpr std::string_view kNames[] = {"retries", "timeout"};
  EXPECT_EQ(nearest_name("retrys", kNames), "retries");
  EXPECT_EQ(nearest_name("something", kNames), "");
}

} // namespace
} // namespace kgw::base
