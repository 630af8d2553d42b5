#include "cluster/balancer.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "unit/cluster/hosts.h"

namespace kgw::cluster {
namespace {

struct BalancerTest : testing::Test {
  std::vector<Host> hosts;
  Balancer balancer;
  base::Random random{1};

  void use(const EndpointSet& set, Balance balance = Balance::kRoundRobin, uint32_t choices = 2) {
    balancer.set({}); // which still knows the ones before
    hosts.clear();
    for (const Endpoint& endpoint : set) hosts.push_back({.endpoint = endpoint});
    balancer.configure(balance, choices);
    balancer.set(all());
  }
  std::vector<Host*> all() {
    std::vector<Host*> list;
    for (Host& host : hosts) list.push_back(&host);
    return list;
  }
  std::string picks(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += balancer.pick(random).endpoint.text;
    return text;
  }
  std::map<std::string, int> spread(int count) {
    std::map<std::string, int> by;
    for (int i = 0; i < count; ++i) ++by[balancer.pick(random).endpoint.text];
    return by;
  }
};

TEST_F(BalancerTest, WeightsShareTheTurnsAndMixThem) {
  use(weighted({{"a", 4}, {"b", 1}}));
  EXPECT_EQ(picks(10), "aaabaaaaba");
  use(weighted({{"a", 2}, {"b", 2}, {"c", 2}}));
  EXPECT_EQ(picks(6), "abcabc") << "equal weights are none";
  use(weighted({{"a", 5}, {"b", 3}, {"c", 2}}));
  auto by = spread(1000);
  EXPECT_NEAR(by["a"], 500, 1);
  EXPECT_NEAR(by["b"], 300, 1);
  EXPECT_NEAR(by["c"], 200, 1);
}

// Ejections come and go; the schedule goes on, and nobody makes up for the time it was away.
TEST_F(BalancerTest, ANewSetDoesNotBeginTheScheduleAnew) {
  use(weighted({{"a", 1}, {"b", 3}}));
  std::map<std::string, int> by;
  for (int i = 0; i < 400; ++i) {
    balancer.set(all());
    ++by[balancer.pick(random).endpoint.text];
  }
  EXPECT_NEAR(by["a"], 100, 1);
  balancer.set({&hosts[1]});
  picks(300);
  balancer.set(all());
  by = spread(40);
  EXPECT_NEAR(by["a"], 10, 1);
}

TEST_F(BalancerTest, TheLessLoadedOfTwoRandomPicks) {
  use(set_of({"a", "b", "c"}), Balance::kLeastRequest);
  hosts[0].stats.rq_active = 5;
  hosts[1].stats.rq_active = 1;
  auto by = spread(9000);
  EXPECT_NEAR(by["a"], 1000, 150) << "drawn twice";
  EXPECT_NEAR(by["b"], 3000, 200);
  EXPECT_NEAR(by["c"], 5000, 200);
  use(set_of({"a", "b", "c"}), Balance::kLeastRequest, 20);
  hosts[0].stats.rq_active = hosts[1].stats.rq_active = 1;
  EXPECT_GT(spread(1000)["c"], 990);
}

TEST_F(BalancerTest, WithWeightsALoadedHostIsDueLater) {
  use(weighted({{"a", 2}, {"b", 1}}), Balance::kLeastRequest);
  auto by = spread(900);
  EXPECT_NEAR(by["a"], 600, 1);
  hosts[0].stats.rq_active = 3;
  picks(10);
  by = spread(900);
  EXPECT_NEAR(by["a"], 300, 2) << "2 / 4 against 1 / 1";
}

TEST_F(BalancerTest, RandomKnowsNoWeights) {
  use(weighted({{"a", 100}, {"b", 1}}), Balance::kRandom);
  auto by = spread(10'000);
  EXPECT_NEAR(by["a"], 5000, 250);
}

TEST_F(BalancerTest, ThePolicyMayChange) {
  use(weighted({{"a", 3}, {"b", 1}}), Balance::kRandom);
  picks(100);
  balancer.configure(Balance::kRoundRobin, 2);
  auto by = spread(400);
  EXPECT_NEAR(by["a"], 300, 1);
  use(set_of({"a"}), Balance::kLeastRequest);
  EXPECT_EQ(picks(3), "aaa");
}

} // namespace
} // namespace kgw::cluster
