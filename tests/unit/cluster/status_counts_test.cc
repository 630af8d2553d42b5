#include "cluster/status_counts.h"

#include <gtest/gtest.h>

namespace kgw::cluster {
namespace {

TEST(StatusCounts, EachStatusHasItsOwn) {
  StatusCounts counts;
  for (unsigned status = 100; status <= 599; ++status) EXPECT_EQ(counts.value(status), 0u);
  for (unsigned status = 100; status <= 599; ++status) {
    for (unsigned times = 0; times < status % 7; ++times) counts.add(status);
  }
  for (unsigned status = 100; status <= 599; ++status) EXPECT_EQ(counts.value(status), status % 7) << status;
}

TEST(StatusCounts, WhatHasNoClassGoesOnOneHeap) {
  StatusCounts counts;
  for (unsigned status : {0u, 99u, 600u, 999u, 65535u}) counts.add(status);
  EXPECT_EQ(counts.value(StatusCounts::kOther), 5u);
  for (unsigned status = 100; status <= 599; ++status) EXPECT_EQ(counts.value(status), 0u);
}

} // namespace
} // namespace kgw::cluster
