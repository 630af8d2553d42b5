#include "cluster/runtime.h"

#include <gtest/gtest.h>

namespace kgw::cluster {
namespace {

EndpointSet set_of(std::initializer_list<const char*> texts) {
  EndpointSet set;
  for (const char* text : texts) set.push_back({.text = text});
  return set;
}

TEST(View, RoundRobinOverTheNewestSet) {
  View view(std::make_shared<Runtime>("c", 1), 0);
  EXPECT_EQ(view.pick(), nullptr);
  view.update(set_of({"a", "b"}));
  EXPECT_EQ(view.pick()->endpoint.text, "a");
  EXPECT_EQ(view.pick()->endpoint.text, "b");
  EXPECT_EQ(view.pick()->endpoint.text, "a");
  view.update(set_of({"c"}));
  EXPECT_EQ(view.pick()->endpoint.text, "c");
}

TEST(View, HostsThatStayKeepTheirStateAndHostsThatLeaveAreRetiredOnce) {
  View view(std::make_shared<Runtime>("c", 1), 0);
  view.update(set_of({"a", "b"}));
  static int retired = 0;
  retired = 0;
  HostRef a(view.hosts()[0]), b(view.hosts()[1]);
  a->retire = b->retire = [](Host&) { ++retired; };
  view.update(set_of({"b", "d"}));
  EXPECT_EQ(view.hosts()[0], b.get());
  EXPECT_EQ(retired, 1);
  EXPECT_FALSE(a->in_set);
}

TEST(View, ADeadClusterHasNoHost) {
  auto runtime = std::make_shared<Runtime>("c", 1);
  View view(runtime, 0);
  view.update(set_of({"a"}));
  runtime->kill();
  EXPECT_EQ(view.pick(), nullptr);
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
  EXPECT_TRUE(a.take(*runtime));
  EXPECT_FALSE(b.take(*runtime));
  a.release();
  EXPECT_TRUE(b.take(*runtime));
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
  EXPECT_FALSE(none.take(*runtime));
  runtime->set_limits({.budget_min = 7});
  EXPECT_EQ(runtime->max_retries(), 7u);
  runtime->set_limits({.budget_percent = 100});
  EXPECT_EQ(runtime->max_retries(), 9u);
}

} // namespace
} // namespace kgw::cluster
