// Injected faults, maximal durations, and a per-try timeout that is for the whole response.
#include <gtest/gtest.h>

#include "unit/exchange/fixture.h"

namespace kgw::exchange {
namespace {

using base::from_ms;

constexpr uint32_t kAlways = 1'000'000;

struct WithFaults : Fixture {
  explicit WithFaults(retry::Faults injected, uint32_t on = retry::k5xx) : Fixture(on), faults(injected) {
    plan.faults = &faults;
  }
  retry::Faults faults;
};

TEST(Faults, AnAbortAnswersOnceAndIsNotRetried) {
  WithFaults f({.abort_ppm = kAlways, .abort_status = 503});
  f.open();
  EXPECT_EQ(f.machine.head(true, f.now).acts, kReply | kDone);
  EXPECT_EQ(f.machine.reply().status, 503);
  EXPECT_EQ(f.machine.reply().body, "fault filter abort");
  EXPECT_EQ(f.ledger.details.view(), "fault_filter_abort");
  EXPECT_EQ(f.ledger.flags.text(), "FI");
  EXPECT_EQ(f.ledger.attempts, 0u);
  for (unsigned status = 500; status < 600; ++status)
    EXPECT_EQ(f.view.statuses().value(status), 0u) << "no cluster was asked";
}

TEST(Faults, ADelayIsOutsideAllTimeouts) {
  WithFaults f({.delay_ppm = kAlways, .delay = from_ms(500)});
  f.plan.global = from_ms(300);
  f.open();
  EXPECT_EQ(f.machine.head(true, f.now), Step{});
  EXPECT_TRUE(f.machine.held());
  EXPECT_EQ(f.machine.deadline() - f.now, from_ms(500));
  EXPECT_EQ(f.to_deadline().acts, kStart);
  EXPECT_EQ(f.machine.deadline() - f.now, from_ms(300));
  EXPECT_EQ(f.machine.start().expected_timeout_ms, 300);
  EXPECT_EQ(f.ledger.flags.text(), "DI");
}

TEST(Faults, ABodyThatArrivesInADelayOnlyEndsRetries) {
  WithFaults f({.delay_ppm = kAlways, .delay = from_ms(500)});
  f.plan.replay_limit = 10;
  f.open();
  f.machine.head(false, f.now);
  EXPECT_EQ(f.machine.body(11, f.now).acts, kDropBody) << "no 507: nothing was tried yet";
  EXPECT_EQ(f.machine.end(f.now), Step{});
  EXPECT_EQ(f.to_deadline().acts, kStart);
  EXPECT_EQ(f.machine.deadline() - f.now, f.plan.global);
}

TEST(Faults, PerAttemptTheEndpointMayLeaveDuringTheDelay) {
  WithFaults f({.delay_ppm = kAlways, .delay = from_ms(500), .per_attempt = true});
  f.open();
  EXPECT_EQ(f.machine.head(true, f.now), Step{});
  f.view.update({});
  ASSERT_EQ(f.to_deadline().acts, kStart);
  EXPECT_EQ(f.machine.start().endpoint->endpoint.text, "127.0.0.1:1") << "as an attempt that was on its way already";
  cluster::HostRef driver(f.machine.start().endpoint);
  f.machine.ready(0, false, f.now);
  EXPECT_EQ(f.machine.response(0, f.facts(200), f.now).acts, kForward | kDropBody | kDone);
}

TEST(Faults, PerAttemptAnAbortIsRetriedLikeAnAnswer) {
  WithFaults f({.abort_ppm = kAlways, .abort_status = 503, .per_attempt = true});
  f.policy.retries = 2;
  f.open();
  Step step = f.machine.head(true, f.now);
  for (int retry = 0; retry < 2; ++retry) {
    EXPECT_EQ(step, Step{});
    EXPECT_EQ(f.machine.live(), 0);
    step = f.to_deadline();
  }
  EXPECT_EQ(step.acts, kReply | kDone);
  EXPECT_EQ(f.machine.reply().status, 503);
  EXPECT_EQ(f.ledger.attempts, 3u);
  EXPECT_EQ(f.ledger.at(1).decision, Decision::kRetryStatus);
  EXPECT_EQ(f.ledger.flags.text(), "URX,FI");
  EXPECT_EQ(f.runtime->retries_in_flight(), 0u);
}

TEST(Faults, PerAttemptADelayRunsInsideTheTimeout) {
  WithFaults f({.delay_ppm = kAlways, .delay = from_ms(500), .per_attempt = true});
  f.plan.global = from_ms(300);
  f.open();
  EXPECT_EQ(f.machine.head(true, f.now), Step{});
  EXPECT_EQ(f.machine.live(), 0) << "nothing to drive yet";
  Step step = f.to_deadline();
  EXPECT_EQ(step.acts, kReset | kReply | kDone);
  EXPECT_EQ(f.machine.reply().status, 504);
}

TEST(Duration, OfAnAttempt) {
  Fixture f(retry::k5xx, 1);
  f.plan.attempt_duration = from_ms(250);
  f.open();
  f.machine.head(true, f.now);
  f.machine.ready(0, false, f.now);
  EXPECT_EQ(f.machine.deadline() - f.now, from_ms(250));
  EXPECT_EQ(f.to_deadline().acts, kReset);
  EXPECT_EQ(f.ledger.at(1).decision, Decision::kRetryAttemptDuration);
  EXPECT_EQ(f.to_deadline().acts, kStart);
  f.machine.ready(0, false, f.now);
  EXPECT_EQ(f.to_deadline().acts, kReset | kReply | kDone);
  EXPECT_EQ(f.machine.reply().status, 504);
  EXPECT_EQ(f.machine.reply().body, "upstream max stream duration reached");
  EXPECT_EQ(f.ledger.flags.text(), "URX,UMSDR");
  EXPECT_EQ(f.ledger.details.view(), "upstream_max_stream_duration_reached");
  EXPECT_EQ(f.view.stats().upstream_rq_max_duration_reached.value(), 2u);
}

TEST(Duration, OfAnAttemptCutsItsResponse) {
  Fixture f(retry::k5xx);
  f.plan.attempt_duration = from_ms(250);
  f.open();
  f.machine.head(true, f.now);
  f.machine.ready(0, false, f.now);
  f.machine.response(0, f.facts(200, false), f.now);
  EXPECT_EQ(f.to_deadline().acts, kReset | kAbort | kDone);
  EXPECT_EQ(f.ledger.outcome, Decision::kAttemptDuration);
}

TEST(Duration, OfEachHedgedAttempt) {
  Fixture f(retry::k5xx);
  f.plan.hedge = true;
  f.plan.per_try = from_ms(100);
  f.plan.attempt_duration = from_ms(400);
  f.policy.base_interval = from_ms(1);
  f.open();
  f.machine.head(true, f.now);
  f.machine.ready(0, false, f.now);
  f.to_deadline(); // the per-try timeout
  ASSERT_EQ(f.to_deadline().acts, kStart);
  f.machine.ready(1, false, f.now);
  f.machine.response(1, f.facts(404, false), f.now); // the second wins, the first is given up
  EXPECT_EQ(f.machine.deadline() - f.now, from_ms(400)) << "the clock of the one that is left";
}

TEST(Duration, OfTheRequestRunsFromItsHead) {
  Fixture f(retry::k5xx);
  f.plan.duration = from_ms(300);
  f.open();
  f.machine.head(false, f.now);
  EXPECT_EQ(f.machine.deadline() - f.now, from_ms(300));
  EXPECT_EQ(f.to_deadline().acts, kReset | kReply | kDone);
  EXPECT_EQ(f.machine.reply().status, 408) << "the request was not complete";
  EXPECT_EQ(f.ledger.outcome, Decision::kRequestDuration);
}

TEST(PerTryUntil, TheWholeResponse) {
  Fixture f(retry::k5xx);
  f.policy.per_try_until = retry::PerTryUntil::kComplete;
  f.plan.per_try = from_ms(200);
  f.open();
  f.machine.head(true, f.now);
  f.machine.ready(0, false, f.now);
  f.now += from_ms(150);
  f.machine.response(0, f.facts(200, false), f.now);
  EXPECT_EQ(f.machine.deadline() - f.now, from_ms(50));
  EXPECT_EQ(f.to_deadline().acts, kReset | kAbort | kDone);
  EXPECT_EQ(f.ledger.outcome, Decision::kPerTryCut);
  EXPECT_EQ(f.ledger.flags.text(), "UT");
}

TEST(AttemptDuration, EndsTheRequestThoughAHedgedAttemptRuns) {
  Fixture f(retry::kReset | retry::k5xx);
  f.plan.attempt_duration = from_ms(500);
  f.plan.per_try = from_ms(200);
  f.plan.hedge = true;
  f.open();
  f.machine.head(true, f.now);
  f.machine.ready(0, false, f.now);
  f.to_deadline();               // the per-try timeout asks for a second attempt
  Step second = f.to_deadline(); // its back-off is over
  ASSERT_EQ(second.acts, kStart);
  f.machine.ready(second.slot, false, f.now);
  while (!f.machine.done() && f.machine.deadline() - f.ledger.at(1).connected < from_ms(500)) f.to_deadline();
  Step last = f.to_deadline();
  EXPECT_EQ(last.acts, kReset | kReply | kDone);
  EXPECT_EQ(last.reset & 3, 3) << "both are given up";
  EXPECT_EQ(f.machine.reply().body, "upstream max stream duration reached");
  EXPECT_EQ(f.ledger.at(2).decision, Decision::kLostRace);
}

TEST(RequestDuration, TellsAGrpcClientThatItsDeadlineHasPassed) {
  Fixture f(0);
  f.plan.duration = from_ms(300);
  f.open();
  f.machine.head(true, f.now);
  f.machine.ready(0, false, f.now);
  EXPECT_EQ(f.to_deadline().acts, kReset | kReply | kDone);
  EXPECT_EQ(f.machine.reply().grpc_status, 4);
  EXPECT_FALSE(f.machine.reply().counted);
}

} // namespace
} // namespace kgw::exchange
