#include "net/loop.h"

#include <algorithm>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "net/kernel.h"
#include "unit/net/real_loop.h"

namespace kgw::net {
namespace {

// A task that writes its number down.
struct Step {
  Step(std::vector<int>& to, int n) : log(to), number(n) {}
  std::vector<int>& log;
  int number;
  Task task{[](void* self) { static_cast<Step*>(self)->log.push_back(static_cast<Step*>(self)->number); }, this};
};

struct Dying : Deferred {
  explicit Dying(std::vector<int>& to) : log(to) {}
  ~Dying() override { log.push_back(-1); }
  std::vector<int>& log;
};

std::unique_ptr<Loop> virtual_loop() { return std::move(*Loop::make(Loop::Clock::kVirtual)); }

TEST(VirtualLoop, RunsATaskOncePerPost) {
  auto loop = virtual_loop();
  std::vector<int> log;
  Step one(log, 1), two(log, 2);
  loop->post(one.task);
  loop->post(two.task);
  loop->post(one.task);
  loop->turn();
  EXPECT_EQ(log, (std::vector{1, 2}));
  EXPECT_FALSE(loop->turn());
}

TEST(VirtualLoop, ATaskPostedInATurnRunsInTheNextOne) {
  auto loop = virtual_loop();
  struct Again {
    Loop& loop;
    int count = 0;
    Task task{[](void* self) {
                auto& again = *static_cast<Again*>(self);
                if (++again.count < 3) again.loop.post(again.task);
              },
              this};
  } again{*loop};
  loop->post(again.task);
  for (int i = 1; i <= 3; ++i) {
    loop->turn();
    EXPECT_EQ(again.count, i);
  }
}

TEST(VirtualLoop, ADestroyedTaskDoesNotRun) {
  auto loop = virtual_loop();
  std::vector<int> log;
  {
    Step step(log, 1);
    loop->post(step.task);
  }
  loop->settle();
  EXPECT_TRUE(log.empty());
}

TEST(VirtualLoop, TheEndOfATurnComesBeforeDeferredDeletes) {
  auto loop = virtual_loop();
  std::vector<int> log;
  loop->set_end_of_turn([](void* to) { static_cast<std::vector<int>*>(to)->push_back(9); }, &log);
  Step step(log, 1);
  loop->post(step.task);
  loop->defer_delete(std::make_unique<Dying>(log));
  loop->turn();
  EXPECT_EQ(log, (std::vector{1, 9, -1}));
}

TEST(VirtualLoop, AdvanceStopsAtEveryTimer) {
  auto loop = virtual_loop();
  Instant start = loop->now();
  std::vector<Duration> fired;
  struct Tick {
    Loop& loop;
    std::vector<Duration>& fired;
    Instant start;
    base::Timer timer{[](void* self, Instant now) {
                        auto& tick = *static_cast<Tick*>(self);
                        tick.fired.push_back(now - tick.start);
                        tick.loop.wheel().arm(tick.timer, now + base::milliseconds(700));
                      },
                      this};
  } tick{*loop, fired, start};
  loop->wheel().arm(tick.timer, start + base::milliseconds(500));
  loop->advance(base::seconds(2));
  EXPECT_EQ(fired,
            (std::vector<Duration>{base::milliseconds(500), base::milliseconds(1200), base::milliseconds(1900)}));
  EXPECT_EQ(loop->now(), start + base::seconds(2));
}

TEST(VirtualLoop, RunsWorkOfOtherThreadsInOrder) {
  auto loop = virtual_loop();
  std::vector<int> log;
  std::thread other([&] {
    for (int i = 0; i < 3; ++i) loop->post_from_any_thread([&log, i] { log.push_back(i); });
  });
  other.join();
  loop->settle();
  EXPECT_EQ(log, (std::vector{0, 1, 2}));
  EXPECT_EQ(loop->base(), nullptr);
}

TEST(RealLoop, FiresATimerNotEarlyAndLessThanAMillisecondLate) {
  RealLoop loop;
  Duration best = base::seconds(1);
  for (int i = 0; i < 20 && best >= base::milliseconds(1); ++i) {
    Instant fired = base::kNever, armed = read_monotonic();
    struct Alarm {
      Instant& fired;
      base::Timer timer{[](void* self, Instant) { static_cast<Alarm*>(self)->fired = read_monotonic(); }, this};
    } alarm{fired};
    loop->wheel().arm(alarm.timer, armed + base::milliseconds(5));
    ASSERT_TRUE(loop.run_until([&] { return fired != base::kNever; }));
    ASSERT_GE(fired - armed, base::milliseconds(5));
    best = std::min(best, fired - armed - base::milliseconds(5));
  }
  EXPECT_LT(best, base::milliseconds(1));
}

TEST(RealLoop, RunsPostedTasksWithoutWaiting) {
  RealLoop loop;
  std::vector<int> log;
  Step step(log, 1);
  loop->post(step.task);
  EXPECT_TRUE(loop.run_until([&] { return !log.empty(); }));
}

TEST(RealLoop, WakesForWorkOfManyThreadsAndKeepsTheOrderOfEach) {
  RealLoop loop;
  std::vector<std::vector<int>> logs(4);
  std::vector<std::thread> threads;
  for (auto& log : logs) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) loop->post_from_any_thread([&log, i] { log.push_back(i); });
    });
  }
  EXPECT_TRUE(loop.run_until([&] { return std::ranges::all_of(logs, [](auto& log) { return log.size() == 500; }); }));
  for (auto& thread : threads) thread.join();
  for (auto& log : logs) EXPECT_TRUE(std::ranges::is_sorted(log));
}

TEST(RealLoop, WorkPostedAfterStopIsRunBeforeRunReturns) {
  auto loop = std::move(*Loop::make());
  std::vector<int> log;
  loop->stop();
  loop->post_from_any_thread([&] {
    log.push_back(1);
    loop->post_from_any_thread([&] { log.push_back(2); });
    loop->defer_delete(std::make_unique<Dying>(log));
  });
  loop->run();
  EXPECT_EQ(log, (std::vector{1, -1, 2}));
}

TEST(RealLoop, KnowsItsThread) {
  auto loop = std::move(*Loop::make());
  EXPECT_TRUE(loop->in_loop_thread());
  bool inside = false;
  std::thread worker([&] { loop->run(); });
  loop->post_from_any_thread([&] {
    inside = loop->in_loop_thread();
    loop->stop();
  });
  worker.join();
  EXPECT_TRUE(inside);
  EXPECT_FALSE(loop->in_loop_thread());
}

TEST(RealLoop, WhatIsLeftInTheMailboxDiesWithTheLoop) {
  std::vector<int> log;
  auto loop = std::move(*Loop::make());
  loop->post_from_any_thread([dying = std::make_unique<Dying>(log)] {});
  loop.reset();
  EXPECT_EQ(log, std::vector{-1});
}

} // namespace
} // namespace kgw::net
