#include "cluster/view.h"

#include <gtest/gtest.h>

#include "unit/cluster/hosts.h"

namespace kgw::cluster {
namespace {

struct ViewTest : testing::Test {
  std::shared_ptr<Runtime> runtime = std::make_shared<Runtime>("c", 1);
  View view{runtime, 0};
  base::Random random{1};

  std::string pick() { return view.pick(random).host->endpoint.text; }
  void spoil(size_t host, uint32_t flags) {
    view.hosts()[host]->endpoint.health->set(flags);
    runtime->health_changed();
  }
};

TEST_F(ViewTest, RoundRobinOverTheNewestSet) {
  EXPECT_EQ(view.pick(random).host, nullptr);
  EXPECT_EQ(view.stats().upstream_cx_none_healthy.value(), 1u);
  EXPECT_EQ(view.stats().lb_healthy_panic.value(), 1u) << "Envoy counts both";
  view.update(set_of({"a", "b"}));
  EXPECT_EQ(pick(), "a");
  EXPECT_EQ(pick(), "b");
  EXPECT_EQ(pick(), "a");
  view.update(set_of({"c"}));
  EXPECT_EQ(pick(), "c");
  EXPECT_TRUE(view.pick(random).only);
}

TEST_F(ViewTest, HostsThatStayKeepTheirStateAndHostsThatLeaveAreRetiredOnce) {
  view.update(set_of({"a", "b"}));
  static int retired = 0;
  retired = 0;
  HostRef a(view.hosts()[0]), b(view.hosts()[1]);
  a->retire = b->retire = [](Host&) { ++retired; };
  b->stats.rq_total = 7;
  view.update(weighted({{"b", 3}, {"d", 1}}));
  EXPECT_EQ(view.hosts()[0], b.get());
  EXPECT_EQ(b->stats.rq_total, 7u);
  EXPECT_EQ(b->endpoint.weight, 3u) << "what the set says of it is new";
  EXPECT_EQ(retired, 1);
  EXPECT_FALSE(a->in_set);
}

TEST_F(ViewTest, ADeadClusterHasNoHost) {
  view.update(set_of({"a"}));
  runtime->kill();
  EXPECT_EQ(view.pick(random).host, nullptr);
}

TEST_F(ViewTest, AnUnhealthyHostIsLeftOutUntilItIsWell) {
  view.update(set_of({"a", "b", "c"}));
  spoil(1, Health::kEjected);
  EXPECT_EQ(pick() + pick() + pick(), "aca");
  view.hosts()[1]->endpoint.health->clear(Health::kEjected);
  EXPECT_EQ(pick(), "c") << "seen only when the Runtime says so";
  runtime->health_changed();
  std::string turns;
  for (int i = 0; i < 6; ++i) turns += pick();
  EXPECT_EQ(std::count(turns.begin(), turns.end(), 'b'), 2);
}

TEST_F(ViewTest, FewerThanHalfHealthyIsAPanicAndAllAreUsed) {
  view.update(set_of({"a", "b", "c", "d"}));
  spoil(0, Health::kEjected);
  spoil(1, Health::kFailedCheck);
  EXPECT_FALSE(view.pick(random).panic) << "half is enough";
  spoil(2, Health::kFailedCheck);
  std::string turns;
  for (int i = 0; i < 8; ++i) {
    Pick pick = view.pick(random);
    EXPECT_TRUE(pick.panic);
    turns += pick.host->endpoint.text;
  }
  for (char host : {'a', 'b', 'c', 'd'}) EXPECT_EQ(std::count(turns.begin(), turns.end(), host), 2) << host;
  EXPECT_EQ(view.stats().lb_healthy_panic.value(), 8u);
}

TEST_F(ViewTest, AnExcludedHostDoesNotCountTowardsThePanic) {
  view.update(set_of({"a", "b", "c", "d"}));
  for (size_t i : {0u, 1u, 2u}) spoil(i, Health::kFailedCheck | Health::kExcluded);
  Pick pick = view.pick(random);
  EXPECT_EQ(pick.host->endpoint.text, "d");
  EXPECT_TRUE(pick.only);
  EXPECT_FALSE(pick.panic);
  spoil(3, Health::kFailedCheck | Health::kExcluded);
  EXPECT_TRUE(view.pick(random).panic) << "nobody is left";
}

TEST_F(ViewTest, OutcomesAreCountedPerHost) {
  using Tally = Outcome::Tally;
  view.update(set_of({"a"}));
  Host& host = *view.hosts()[0];
  view.report(host, {Tally::kResponse, 200}, {});
  view.report(host, {Tally::kResponse, 503}, {});
  view.report(host, {Tally::kFailure, 503}, {});
  view.report(host, {Tally::kTimeout, 204}, {});
  view.report(host, {Tally::kNothing, 504}, {});
  EXPECT_EQ(host.stats.rq_success, 1u);
  EXPECT_EQ(host.stats.rq_error, 3u);
  EXPECT_EQ(host.stats.rq_timeout, 1u);
}

} // namespace
} // namespace kgw::cluster
