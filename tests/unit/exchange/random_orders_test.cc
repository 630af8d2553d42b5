// Random legal event orders through several machines of one cluster at a time. Whatever the order: every Step is legal,
// an exchange ends exactly once, and no breaker slot is lost.

#include <bit>

#include <gtest/gtest.h>

#include "unit/exchange/fixture.h"

namespace kgw::exchange {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kOrders = 100'000; // an order costs ten times as much here
#else
constexpr int kOrders = 1'000'000;
#endif

// One exchange as its driver sees it.
struct Driven {
  Machine machine;
  Ledger ledger;
  uint16_t live = 0, ready = 0;
  int winner = -1, dones = 0, replies = 0, forwards = 0, aborts = 0, starts = 0;
  bool open = false, request_ended = false;

  bool execute(Step step) { // false: the Step is illegal
    if (!open) return false;
    for (uint16_t mask = step.reset; mask != 0; mask &= static_cast<uint16_t>(mask - 1)) {
      auto slot = std::countr_zero(mask);
      if ((step.acts & kReset) == 0) return false;
      live &= static_cast<uint16_t>(~(1u << slot));
      ready &= static_cast<uint16_t>(~(1u << slot));
    }
    if ((step.acts & kForward) != 0) ++forwards, winner = step.slot;
    if ((step.acts & kReply) != 0) ++replies;
    if ((step.acts & kAbort) != 0) ++aborts;
    if ((step.acts & kDone) != 0) {
      if ((step.acts & kStart) != 0) return false;
      ++dones;
      open = false;
      live = ready = 0;
    }
    if ((step.acts & kStart) != 0) {
      auto bit = static_cast<uint16_t>(1u << step.slot);
      if ((live & bit) != 0) return false;
      live |= bit;
      ++starts;
    }
    if (open && live != machine.live()) return false;
    return replies + forwards <= 1 && dones <= 1;
  }
};

struct Variant {
  const char* name;
  bool hedge = false, faults = false, per_attempt = false;
};

class RandomOrders : public testing::TestWithParam<Variant> {
 protected:
  Step event(Driven& d, Fixture& f) {
    Machine& m = d.machine;
    uint64_t what = f.random.below(100);
    if (!d.request_ended && what < 30) {
      if (what < 12) return m.body(f.random.below(400), f.now);
      d.request_ended = true;
      return m.end(f.now);
    }
    if (what < 32) return m.client_gone(static_cast<Gone>(f.random.below(4)), {}, f.now);
    if (what < 50 && m.deadline() != base::kNever) {
      f.now = std::max(f.now, m.deadline());
      return m.timeout(f.now);
    }
    if (d.live == 0) return {};
    int slot = std::countr_zero(d.live); // a random live slot
    for (uint64_t skip = f.random.below(static_cast<uint64_t>(std::popcount(d.live))); skip > 0; --skip) {
      slot = std::countr_zero(static_cast<uint16_t>(d.live & ~((2u << slot) - 1)));
    }
    auto s = static_cast<uint8_t>(slot);
    bool ready = (d.ready >> slot & 1) != 0;
    if (!ready) {
      if (f.random.below(3) != 0) {
        d.ready |= static_cast<uint16_t>(1u << slot);
        return m.ready(s, f.random.below(2) == 0, f.now);
      }
      d.live &= static_cast<uint16_t>(~(1u << slot));
      return m.failed(s, {static_cast<retry::Reason>(1 + f.random.below(6)), false, {}}, f.now);
    }
    if (d.winner == slot) {
      if (f.random.below(4) == 0) {
        d.live &= static_cast<uint16_t>(~(1u << slot));
        return m.failed(s, {retry::Reason::kProtocolError, true, {}}, f.now);
      }
      return m.finished(s, f.now);
    }
    switch (f.random.below(4)) {
    case 0: return m.inform(s, static_cast<uint16_t>(100 + f.random.below(8)), f.now);
    case 1:
      d.live &= static_cast<uint16_t>(~(1u << slot));
      d.ready &= static_cast<uint16_t>(~(1u << slot));
      return m.failed(s, {static_cast<retry::Reason>(4 + f.random.below(2)), true, {}}, f.now);
    default: {
      static constexpr uint16_t kStatuses[] = {200, 404, 409, 425, 500, 502, 503, 504};
      bool end = f.random.below(2) == 0;
      auto facts = f.facts(kStatuses[f.random.below(8)], end);
      facts.ratelimited = f.random.below(10) == 0;
      Step step = m.response(s, facts, f.now);
      return step;
    }
    }
  }
};

TEST_P(RandomOrders, EndOnceAndLoseNoSlot) {
  const Variant& variant = GetParam();
  Fixture f(0, 3, variant.hedge ? 11 : 12);
  f.plan.hedge = variant.hedge;
  retry::Faults faults{
      .delay_ppm = 200'000, .abort_ppm = 100'000, .delay = base::from_ms(5), .per_attempt = variant.per_attempt};
  if (variant.faults) {
    f.plan.faults = &faults;
    f.plan.attempt_duration = base::from_ms(60);
    f.plan.duration = base::from_ms(300);
    f.policy.per_try_until = retry::PerTryUntil::kComplete;
    f.policy.per_try_idle = base::from_ms(30);
  }
  const int orders = variant.faults ? kOrders / 5 : kOrders;
  f.plan.per_try = base::from_ms(40);
  f.plan.global = base::from_ms(400);
  f.plan.replay_limit = 600;
  f.policy.status_codes = {404, 425};
  Driven all[6];
  int begun = 0, ended = 0;
  while (ended < orders) {
    Driven& d = all[f.random.below(6)];
    f.now += Duration(static_cast<int64_t>(f.random.below(2'000'000)));
    if (!d.open) {
      if (begun == orders) {
        for (Driven& other : all) {
          if (!other.open) continue;
          ASSERT_TRUE(other.execute(other.machine.client_gone(Gone::kDisconnect, {}, f.now)));
          ++ended;
        }
        continue;
      }
      d.live = d.ready = 0;
      d.winner = -1;
      d.dones = d.replies = d.forwards = d.aborts = d.starts = 0;
      d.open = true;
      ++begun;
      f.policy.on = static_cast<uint32_t>(f.random.below(1 << 10));
      d.ledger.open(f.now);
      d.machine.open(f.plan, f.random, d.ledger, f.now);
      d.request_ended = f.random.below(2) == 0;
      ASSERT_TRUE(d.execute(d.machine.head(d.request_ended, f.now)));
    } else {
      // The policy is shared by the exchanges that run: a changed one is a new snapshot for all, which the machine
      // allows.
      Step step = event(d, f);
      if (d.open) {
        ASSERT_TRUE(d.execute(step)) << "acts " << step.acts << " reset " << step.reset << " after " << ended
                                     << " orders";
      }
    }
    if (d.open) continue;
    ++ended;
    ASSERT_EQ(d.dones, 1);
    ASSERT_TRUE(d.machine.done());
    ASSERT_EQ(d.machine.deadline(), base::kNever);
    if (!variant.per_attempt) {
      ASSERT_EQ(d.starts, static_cast<int>(d.ledger.attempts));
    }
    ASSERT_LE(d.ledger.attempts, 4u);
    ASSERT_NE(d.ledger.outcome, Decision::kNone);
    for (uint32_t n = 1; n <= d.ledger.attempts; ++n) {
      ASSERT_NE(d.ledger.at(n).ended, Instant{}) << "attempt " << n << " never ended";
      ASSERT_NE(d.ledger.at(n).decision, Decision::kNone);
    }
    ASSERT_LE(f.runtime->retries_in_flight(), f.runtime->max_retries());
  }
  EXPECT_EQ(f.runtime->retries_in_flight(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Hedging, RandomOrders,
                         testing::Values(Variant{"Off"}, Variant{"On", true}, Variant{"OffWithFaults", false, true},
                                         Variant{"OnWithFaults", true, true},
                                         Variant{"OffWithFaultsOfAttempts", false, true, true},
                                         Variant{"OnWithFaultsOfAttempts", true, true, true}),
                         [](const auto& param) { return param.param.name; });

} // namespace
} // namespace kgw::exchange
