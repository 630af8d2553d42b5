// Breakers and budgets under random orders of events: never below zero, never above what they allow, nothing lost, and
// whoever was refused gets through later.

#include <deque>

#include <gtest/gtest.h>

#include "unit/cluster/hosts.h"

namespace kgw::cluster {
namespace {

using base::from_ms;
using base::seconds;

constexpr int kSeeds = 200, kSteps = 2000;
constexpr unsigned kWorkers = 3;

struct World {
  explicit World(uint64_t seed) : random(seed) {
    for (unsigned i = 0; i < kWorkers; ++i) views.push_back(std::make_unique<View>(runtime, i));
  }
  void configure(const Policy& policy) {
    runtime->set_policy(policy);
    for (auto& view : views) view->configure(policy);
  }
  // A retry of a random worker; whether it was granted.
  bool take() {
    RetrySlot slot;
    if (!slot.take(*views[random.below(kWorkers)], now, static_cast<unsigned>(random.below(2)))) return false;
    held.push_back(slot);
    return true;
  }
  void release() {
    if (held.empty()) return;
    std::swap(held[random.below(held.size())], held.back());
    held.back().release();
    held.pop_back();
  }
  std::shared_ptr<Runtime> runtime = std::make_shared<Runtime>("c", kWorkers);
  std::vector<std::unique_ptr<View>> views;
  std::vector<RetrySlot> held;
  base::Random random;
  Instant now{seconds(1000)};
};

TEST(RetrySlots, TheBreakerIsExactAndRefills) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    World w(seed);
    for (int step = 0; step < kSteps; ++step) {
      if (w.random.below(50) == 0) w.runtime->set_limits({.max_retries = static_cast<uint32_t>(w.random.below(6))});
      uint32_t before = w.runtime->retries_in_flight(), most = w.runtime->max_retries();
      ASSERT_EQ(before, w.held.size());
      if (w.random.below(2) == 0) {
        ASSERT_EQ(w.take(), before < most) << "seed " << seed << " step " << step;
      } else {
        w.release();
      }
    }
    while (!w.held.empty()) w.release();
    ASSERT_EQ(w.runtime->retries_in_flight(), 0u) << seed;
    w.runtime->set_limits({.max_retries = 1});
    ASSERT_TRUE(w.take()) << seed;
    w.release();
  }
}

TEST(RetrySlots, TheBudgetInFlightFollowsTheRequestsAndRefills) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    World w(seed);
    w.runtime->set_limits({.budget_percent = static_cast<int32_t>(w.random.below(101)),
                           .budget_min = static_cast<int32_t>(1 + w.random.below(3))});
    std::deque<View*> active;
    for (int step = 0; step < kSteps; ++step) {
      switch (w.random.below(4)) {
      case 0:
        active.push_back(w.views[w.random.below(kWorkers)].get());
        active.back()->stats().upstream_rq_active.add();
        break;
      case 1:
        if (active.empty()) break;
        active.front()->stats().upstream_rq_active.sub();
        active.pop_front();
        break;
      case 2:
        if (w.take()) {
          ASSERT_LE(w.runtime->retries_in_flight(), w.runtime->max_retries(1)) << seed;
        }
        break;
      default: w.release();
      }
      ASSERT_EQ(w.runtime->retries_in_flight(), w.held.size());
      ASSERT_EQ(w.runtime->sum(&Stats::upstream_rq_active), active.size());
    }
    while (!w.held.empty()) w.release();
    ASSERT_EQ(w.runtime->retries_in_flight(), 0u);
    ASSERT_TRUE(w.take()) << "seed " << seed << ": at least budget_min are always allowed";
    w.release();
  }
}

// Against the sentence of the policy, counted exactly; the counts of the budget may forget up to a 16th of the window
// early.
TEST(RetrySlots, TheRateBudgetKeepsItsWordAndRefills) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    World w(seed);
    RetryRateBudget budget{.percent = static_cast<uint32_t>(w.random.below(101)),
                           .interval = seconds(1 + static_cast<int64_t>(w.random.below(20))),
                           .min_count = static_cast<uint32_t>(1 + w.random.below(5)),
                           .min_interval = from_ms(100 + static_cast<int64_t>(w.random.below(5000)))};
    w.configure({.retry_budget = budget});
    std::deque<Instant> requests, retries;
    auto last = [&](const std::deque<Instant>& times, Duration window) {
      return static_cast<uint64_t>(
          std::count_if(times.begin(), times.end(), [&](Instant at) { return w.now - at < window; }));
    };
    auto sooner = [](Duration window) { return window - window / 16 - from_ms(1); };
    for (int step = 0; step < kSteps; ++step) {
      w.now += Duration(static_cast<int64_t>(w.random.below(40'000'000)));
      if (w.random.below(3) != 0) {
        w.views[w.random.below(kWorkers)]->request_started(w.now);
        requests.push_back(w.now);
        continue;
      }
      bool must = last(retries, budget.min_interval) < budget.min_count ||
                  last(retries, budget.interval) * 100 < last(requests, sooner(budget.interval)) * budget.percent;
      bool may = last(retries, sooner(budget.min_interval)) < budget.min_count ||
                 last(retries, sooner(budget.interval)) * 100 < last(requests, budget.interval) * budget.percent;
      bool granted = w.take();
      ASSERT_TRUE(granted || !must) << "seed " << seed << " step " << step;
      ASSERT_TRUE(!granted || may) << "seed " << seed << " step " << step;
      if (granted) retries.push_back(w.now);
      if (w.random.below(2) == 0) w.release();
      ASSERT_EQ(w.runtime->retries_in_flight(), w.held.size());
    }
    while (!w.held.empty()) w.release();
    ASSERT_EQ(w.runtime->retries_in_flight(), 0u);
    w.now += budget.min_interval + seconds(1);
    for (uint32_t i = 0; i < budget.min_count; ++i) ASSERT_TRUE(w.take()) << "seed " << seed << ": refilled";
    while (!w.held.empty()) w.release();
  }
}

} // namespace
} // namespace kgw::cluster
