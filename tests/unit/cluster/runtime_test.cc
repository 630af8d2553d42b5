#include "cluster/runtime.h"

#include <gtest/gtest.h>

#include "unit/cluster/hosts.h"

namespace kgw::cluster {
namespace {

const Instant kNow{base::seconds(1000)};

TEST(Runtime, AnEndpointThatStaysKeepsItsHealth) {
  Runtime runtime("c", 1);
  auto first = runtime.admit(set_of({"a", "b"}));
  first->at(0).health->set(Health::kEjected);
  auto second = runtime.admit(set_of({"b", "a"}));
  EXPECT_EQ(second->at(1).health, first->at(0).health);
  EXPECT_EQ(runtime.membership_changes(), 1u) << "the same endpoints";
  runtime.admit(set_of({"b"}));
  auto again = runtime.admit(set_of({"a", "b"}));
  EXPECT_TRUE(again->at(0).health->usable()) << "it was away: all is forgotten";
  EXPECT_EQ(runtime.membership_changes(), 3u);
}

TEST(Runtime, WithActiveChecksANewEndpointHasToPassOne) {
  Runtime runtime("c", 1);
  runtime.admit(set_of({"a"}));
  runtime.set_policy({.health = HealthCheck{}});
  auto set = runtime.admit(set_of({"a", "b"}));
  EXPECT_TRUE(set->at(0).health->usable()) << "it was in use before there were checks";
  EXPECT_FALSE(set->at(1).health->usable());
}

TEST(Breaker, IsExactForOneWorkerAndCountsTheOthersBeyondItsShare) {
  auto runtime = std::make_shared<Runtime>("c", 2);
  runtime->set_limits({.max_connections = 4, .max_pending_requests = 1, .max_requests = 4, .max_retries = 1});
  View first(runtime, 0), second(runtime, 1);
  first.stats().upstream_rq_active.add(3);
  EXPECT_TRUE(first.may_request());
  first.stats().upstream_rq_active.add(1);
  EXPECT_FALSE(first.may_request());
  EXPECT_TRUE(second.may_request()) << "its own share is free: the documented overshoot";
  RetrySlot a, b;
  EXPECT_TRUE(a.take(first, kNow));
  EXPECT_FALSE(b.take(second, kNow));
  a.release();
  EXPECT_TRUE(b.take(second, kNow));
  b.release();
  EXPECT_EQ(runtime->retries_in_flight(), 0u);
}

TEST(Budget, ReplacesTheBreakerAndGrowsWithTheRequestsInFlight) {
  auto runtime = std::make_shared<Runtime>("c", 2);
  runtime->set_limits({.max_retries = 1, .budget_percent = 50, .budget_min = 2});
  View first(runtime, 0), second(runtime, 1);
  EXPECT_EQ(runtime->max_retries(), 2u);
  first.stats().upstream_rq_active.add(5);
  second.stats().upstream_rq_pending_active.add(4);
  EXPECT_EQ(runtime->max_retries(), 4u) << "half of nine, rounded down";
  runtime->set_limits({.budget_percent = 0, .budget_min = 0});
  RetrySlot none;
  EXPECT_FALSE(none.take(first, kNow));
  runtime->set_limits({.budget_min = 7});
  EXPECT_EQ(runtime->max_retries(), 7u);
  runtime->set_limits({.budget_percent = 100});
  EXPECT_EQ(runtime->max_retries(), 9u);
}

} // namespace
} // namespace kgw::cluster
