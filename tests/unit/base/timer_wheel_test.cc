#include "base/timer_wheel.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace kgw::base {
namespace {

constexpr Instant kStart{seconds(7) + Duration(123'456)};

struct Recorder {
  Timer timer{[](void* self, Instant now) { static_cast<Recorder*>(self)->fired.push_back(now); }, this};
  std::vector<Instant> fired;
};

TEST(TimerWheel, AnEmptyOneHasNothingToWaitFor) {
  TimerWheel wheel(kStart);
  EXPECT_EQ(wheel.next(), kNever);
  wheel.advance(kStart + seconds(100));
}

TEST(TimerWheel, FiresAtItsInstantAndNotANanosecondBefore) {
  for (Duration after :
       {Duration(1), Duration(999'999), Duration(milliseconds(5)), Duration(milliseconds(255)),
        Duration(milliseconds(256)), Duration(seconds(70)) + Duration(1), Duration(std::chrono::hours(24 * 60))}) {
    TimerWheel wheel(kStart);
    Recorder recorder;
    wheel.arm(recorder.timer, kStart + after);
    EXPECT_EQ(wheel.next(), kStart + after);
    wheel.advance(kStart + after - Duration(1));
    EXPECT_TRUE(recorder.fired.empty());
    wheel.advance(kStart + after);
    EXPECT_EQ(recorder.fired, std::vector{kStart + after});
    EXPECT_FALSE(recorder.timer.armed());
  }
}

TEST(TimerWheel, AnInstantThatHasPassedFiresInTheNextAdvance) {
  TimerWheel wheel(kStart);
  Recorder recorder;
  wheel.advance(kStart + seconds(5));
  wheel.arm(recorder.timer, kStart - seconds(1));
  wheel.advance(kStart + seconds(5));
  EXPECT_EQ(recorder.fired.size(), 1u);
}

TEST(TimerWheel, ArmingAgainMovesAndNeverDisarms) {
  TimerWheel wheel(kStart);
  Recorder recorder;
  wheel.arm(recorder.timer, kStart + milliseconds(1));
  wheel.arm(recorder.timer, kStart + milliseconds(500));
  EXPECT_EQ(recorder.timer.at(), kStart + milliseconds(500));
  wheel.advance(kStart + milliseconds(499));
  EXPECT_TRUE(recorder.fired.empty());
  wheel.arm(recorder.timer, kNever);
  EXPECT_FALSE(recorder.timer.armed());
  wheel.advance(kStart + seconds(1));
  EXPECT_TRUE(recorder.fired.empty());
  EXPECT_EQ(wheel.next(), kNever);
}

TEST(TimerWheel, ACallbackThatArmsForNowFiresOncePerAdvance) {
  struct Again {
    TimerWheel wheel{kStart};
    int count = 0;
    Timer timer{[](void* self, Instant now) {
                  auto& again = *static_cast<Again*>(self);
                  ++again.count;
                  again.wheel.arm(again.timer, now);
                },
                this};
  } again;
  again.wheel.arm(again.timer, kStart);
  for (int i = 1; i <= 3; ++i) {
    again.wheel.advance(kStart);
    EXPECT_EQ(again.count, i);
    EXPECT_LE(again.wheel.next(), kStart);
  }
}

TEST(TimerWheel, ManyInOneMillisecondFireInTheOrderOfTheirInstantsAcrossAdvances) {
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Recorder>> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(std::make_unique<Recorder>());
    wheel.arm(all.back()->timer, kStart + milliseconds(10) + Duration(100 * (99 - i)));
  }
  for (int fired = 0; fired < 100; ++fired) {
    Instant next = wheel.next();
    if (next < kStart + milliseconds(10)) { // a slot border
      wheel.advance(next);
      next = wheel.next();
    }
    EXPECT_EQ(next, kStart + milliseconds(10) + Duration(100 * fired));
    wheel.advance(next);
    EXPECT_EQ(all[static_cast<size_t>(99 - fired)]->fired, std::vector{next});
  }
}

// The wheel against a sorted map, with callbacks that arm, disarm and destroy.
class Model {
 public:
  explicit Model(uint64_t seed) : random_(seed), timers_(64) {
    for (size_t i = 0; i < timers_.size(); ++i) replace(i);
  }

  void step() {
    for (uint64_t n = random_.below(6); n > 0; --n) act();
    check_next();
    now_ += random_distance() / 2;
    due_.clear();
    for (auto it = armed_.begin(); it != armed_.end() && it->first <= now_; ++it) due_.insert(it->second);
    last_tick_ = 0;
    wheel_.advance(now_);
    EXPECT_TRUE(due_.empty()) << "not fired though due";
    check_next();
  }
  uint64_t fired() const { return fired_; }

 private:
  struct Node {
    Node(Model& in, size_t at) : model(in), index(at) {}
    Model& model;
    size_t index;
    Timer timer{
        [](void* self, Instant now) { static_cast<Node*>(self)->model.fire(static_cast<Node*>(self)->index, now); },
        this};
  };

  void fire(size_t index, Instant now) { // anything below may destroy the timer that fires

    ++fired_;
    EXPECT_EQ(now, now_);
    auto entry = find(index);
    ASSERT_NE(entry, armed_.end()) << "fired though not armed";
    EXPECT_LE(entry->first, now_) << "early";
    EXPECT_EQ(due_.erase(index), 1u) << "fired in the call that armed it";
    auto tick = (entry->first - kStart) / milliseconds(1);
    EXPECT_LE(last_tick_, tick) << "out of order";
    last_tick_ = tick;
    armed_.erase(entry);
    for (uint64_t n = random_.below(3); n > 0; --n) act();
    if (random_.below(4) == 0) replace(index);
  }

  void act() {
    size_t index = random_.below(timers_.size());
    switch (random_.below(4)) {
    case 0: disarm(index); break;
    case 1: replace(index); break;
    default:
      forget(index);
      Instant at = now_ + random_distance() - Duration(random_.below(5'000'000));
      at = std::max(at, kStart + (now_ - kStart) / milliseconds(1) *
                                     milliseconds(1)); // orders by millisecond hold from here on
      wheel_.arm(timers_[index]->timer, at);
      armed_.emplace(at, index);
    }
  }
  void disarm(size_t index) {
    timers_[index]->timer.disarm();
    forget(index);
  }
  void replace(size_t index) {
    if (timers_[index]) forget(index);
    timers_[index] = std::make_unique<Node>(*this, index);
  }
  void forget(size_t index) {
    if (auto entry = find(index); entry != armed_.end()) armed_.erase(entry);
    due_.erase(index);
  }
  std::multimap<Instant, size_t>::iterator find(size_t index) {
    return std::ranges::find_if(armed_, [index](auto& entry) { return entry.second == index; });
  }
  void check_next() { EXPECT_LE(wheel_.next(), armed_.empty() ? kNever : armed_.begin()->first); }
  Duration random_distance() { return Duration(random_.next() >> (10 + random_.below(54))); }

  Random random_;
  TimerWheel wheel_{kStart};
  Instant now_ = kStart;
  std::vector<std::unique_ptr<Node>> timers_;
  std::multimap<Instant, size_t> armed_;
  std::multiset<size_t> due_;
  Duration::rep last_tick_ = 0;
  uint64_t fired_ = 0;
};

TEST(TimerWheel, BehavesAsASortedMap) {
  uint64_t fired = 0;
  for (uint64_t seed = 1; seed <= 100 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Model model(seed);
    for (int i = 0; i < 400; ++i) model.step();
    fired += model.fired();
  }
  EXPECT_GT(fired, 10'000u);
}

} // namespace
} // namespace kgw::base
