#include "exchange/machine.h"

#include <gtest/gtest.h>

#include "unit/exchange/fixture.h"

namespace kgw::exchange {
namespace {

using base::from_ms;
using retry::Reason;

const Failure kRefused{Reason::kRemoteConnectionFailure, false, "delayed connect error: Connection refused"};
const Failure kCut{Reason::kConnectionTermination, true, {}};

TEST(Machine, AnswersWithTheUpstreamsResponse) {
  Fixture f(retry::k5xx);
  f.open();
  EXPECT_EQ(f.machine.head(true, f.now), (Step{.acts = kStart}));
  EXPECT_EQ(f.machine.start().expected_timeout_ms, 15000);
  f.machine.ready(0, false, f.now);
  Step step = f.machine.response(0, f.facts(200), f.now);
  EXPECT_EQ(step.acts, kForward | kDropBody | kDone);
  EXPECT_EQ(f.ledger.details.view(), "via_upstream");
  EXPECT_EQ(f.ledger.flags.text(), "-");
  EXPECT_EQ(f.machine.deadline(), base::kNever);
}

TEST(Machine, FourRefusedConnectsDrawGrowingDelaysAndTheExactBody) {
  Fixture f(retry::kConnectFailure);
  f.open();
  f.machine.head(true, f.now);
  const int64_t bounds[] = {25, 50, 100};
  for (int64_t bound : bounds) {
    EXPECT_EQ(f.machine.failed(0, kRefused, f.now), Step{});
    Duration delay = f.machine.deadline() - f.now;
    EXPECT_GE(delay, Duration{});
    EXPECT_LT(delay, from_ms(bound));
    EXPECT_EQ(delay.count() % 1'000'000, 0) << "whole milliseconds";
    EXPECT_EQ(f.to_deadline().acts, kStart);
  }
  Step last = f.machine.failed(0, kRefused, f.now);
  EXPECT_EQ(last.acts, kReply | kDone);
  EXPECT_EQ(f.machine.reply().status, 503);
  EXPECT_EQ(f.machine.reply().body, "upstream connect error or disconnect/reset before headers. retried and the latest "
                                    "reset reason: remote connection failure");
  EXPECT_EQ(f.ledger.flags.text(), "URX,UF");
  EXPECT_EQ(
      f.ledger.details.view(),
      "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}");
  EXPECT_EQ(f.ledger.attempts, 4u);
  EXPECT_EQ(f.ledger.at(4).decision, Decision::kLimitReached);
  EXPECT_EQ(f.runtime->retries_in_flight(), 0u);
}

// As Envoy: the status that the local reply would have, also where another attempt answers in the end.
TEST(Machine, ABrokenResponseIsChargedAs502) {
  Fixture f(retry::kConnectFailure);
  f.open();
  f.machine.head(true, f.now);
  f.machine.ready(0, false, f.now);
  f.machine.failed(0, {Reason::kProtocolError, true, {}}, f.now);
  EXPECT_EQ(f.machine.reply().status, 502);
  EXPECT_EQ(f.view.statuses().value(502), 1u);
  EXPECT_EQ(f.view.statuses().value(503), 0u);
}

TEST(Machine, PerTryTimeoutIsNotCoveredByConnectFailure) {
  Fixture f(retry::kConnectFailure);
  f.plan.per_try = base::seconds(5);
  f.open();
  f.machine.head(true, f.now);
  EXPECT_EQ(f.machine.start().expected_timeout_ms, 5000);
  Instant start = f.now;
  f.now += from_ms(300); // connecting does not count
  f.machine.ready(0, false, f.now);
  EXPECT_EQ(f.machine.deadline(), start + from_ms(5300));
  Step step = f.to_deadline();
  EXPECT_EQ(step.acts, kReset | kReply | kDone);
  EXPECT_EQ(f.machine.reply().status, 504);
  EXPECT_EQ(f.ledger.flags.text(), "UT");
  EXPECT_EQ(f.ledger.details.view(), "upstream_per_try_timeout");
  EXPECT_EQ(f.ledger.at(1).decision, Decision::kPerTryTimeoutNotCovered);
  EXPECT_EQ(f.view.stats().upstream_rq_per_try_timeout.value(), 1u);
}

TEST(Machine, PerTryTimeoutIsRetriedByReset) {
  Fixture f(retry::kReset, 1);
  f.plan.per_try = from_ms(100);
  f.open();
  f.machine.head(true, f.now);
  f.machine.ready(0, false, f.now);
  EXPECT_EQ(f.to_deadline(), (Step{.acts = kReset, .reset = 1}));
  EXPECT_EQ(f.to_deadline().acts, kStart);
  f.machine.ready(0, false, f.now);
  EXPECT_EQ(f.to_deadline().acts, kReset | kReply | kDone);
  EXPECT_EQ(f.ledger.flags.text(), "URX,UT");
}

TEST(Machine, ExpectedTimeoutShrinksWithTheGlobalOne) {
  Fixture f(retry::k5xx);
  f.plan.per_try = base::seconds(5);
  f.open();
  f.machine.head(true, f.now);
  f.machine.ready(0, false, f.now);
  f.now += base::seconds(4) + from_ms(900);
  f.machine.response(0, f.facts(503), f.now);
  f.to_deadline();
  EXPECT_EQ(f.machine.start().expected_timeout_ms, 5000);
  f.machine.ready(0, false, f.now);
  f.now += base::seconds(4) + from_ms(900);
  f.machine.response(0, f.facts(503), f.now);
  f.to_deadline();
  auto left = base::to_ms(base::seconds(15) - (f.now - f.ledger.request_ended));
  EXPECT_EQ(f.machine.start().expected_timeout_ms, std::min<int64_t>(5000, left));
}

TEST(Machine, GlobalTimeoutInBackoffIsChargedToNobody) {
  Fixture f(retry::k5xx, 1);
  f.plan.global = from_ms(400);
  f.policy.base_interval = base::seconds(100);
  f.open();
  f.machine.head(true, f.now);
  f.machine.ready(0, false, f.now);
  f.machine.response(0, f.facts(503), f.now);
  Step step = f.machine.timeout(f.now + from_ms(400));
  EXPECT_EQ(step.acts, kReply | kDone);
  EXPECT_EQ(f.ledger.details.view(), "response_timeout");
  EXPECT_EQ(f.view.stats().upstream_rq_timeout.value(), 0u);
  EXPECT_EQ(f.view.statuses().value(504), 0u);
  EXPECT_EQ(f.view.retried_statuses().value(503), 1u);
  EXPECT_EQ(f.view.stats().upstream_rq_retry.value(), 0u) << "a retry cut short counts nowhere";
}

// Envoy arms the global timer at the end of the request and only if an attempt is in flight then.
TEST(Machine, GlobalTimeoutIsNeverArmedWhenTheRequestEndsInBackoff) {
  Fixture f(retry::kConnectFailure);
  f.policy.base_interval = base::seconds(1);
  f.open();
  f.machine.head(false, f.now);
  f.machine.failed(0, kRefused, f.now);
  f.machine.end(f.now);
  f.to_deadline();
  f.machine.ready(0, false, f.now);
  EXPECT_EQ(f.machine.deadline(), base::kNever);
}

TEST(Machine, TheBreakerOfThreeRefusesAfterTheLimitWasChecked) {
  Fixture f(retry::k5xx, 1);
  cluster::RetrySlot held[3];
  for (auto& slot : held) ASSERT_TRUE(slot.take(f.view, f.now));
  f.open();
  f.machine.head(true, f.now);
  Step step = f.machine.failed(0, kCut, f.now);
  EXPECT_EQ(step.acts, kReply | kDone);
  EXPECT_EQ(f.ledger.flags.text(), "UO,UC");
  EXPECT_FALSE(f.machine.reply().overloaded);
  EXPECT_EQ(f.view.stats().upstream_rq_retry_overflow.value(), 1u);
  for (auto& slot : held) slot.release();
}

TEST(Machine, OverflowIsNeverRetried) {
  Fixture f(retry::k5xx | retry::kReset | retry::kConnectFailure);
  f.open();
  f.machine.head(true, f.now);
  EXPECT_EQ(f.machine.failed(0, {Reason::kOverflow, false, {}}, f.now).acts, kReply | kDone);
  EXPECT_TRUE(f.machine.reply().overloaded);
  EXPECT_EQ(f.ledger.flags.text(), "UO");
}

TEST(Machine, NoHostCountsAsAnAttempt) {
  Fixture f(retry::k5xx);
  f.view.update({});
  f.open();
  EXPECT_EQ(f.machine.head(true, f.now).acts, kReply | kDone);
  EXPECT_EQ(f.machine.reply().body, "no healthy upstream");
  EXPECT_EQ(f.ledger.flags.text(), "UH");
  EXPECT_EQ(f.ledger.attempts, 1u);
}

TEST(Machine, InformEndsRetriesAndChangesTheDetails) {
  Fixture f(retry::k5xx);
  f.open();
  f.machine.head(true, f.now);
  f.machine.ready(0, false, f.now);
  EXPECT_EQ(f.machine.inform(0, 105, f.now), Step{}) << "dropped, and changes nothing";
  EXPECT_EQ(f.machine.inform(0, 103, f.now).acts, kInform | kDropBody);
  EXPECT_EQ(f.machine.failed(0, kCut, f.now).acts, kReply | kDone);
  EXPECT_EQ(f.ledger.details.view(), "upstream_reset_after_response_started{connection_termination}");
}

TEST(Machine, ABodyOverTheLimitEndsRetriesInFlightAndAnswers507InBackoff) {
  Fixture f(retry::k5xx);
  f.plan.replay_limit = 100;
  f.open();
  f.machine.head(false, f.now);
  EXPECT_EQ(f.machine.body(100, f.now), Step{}) << "exactly the limit still retries";
  EXPECT_EQ(f.machine.body(1, f.now).acts, kDropBody);
  f.machine.client_gone(Gone::kDisconnect, {}, f.now);

  f.open();
  f.machine.head(false, f.now);
  f.machine.failed(0, kRefused, f.now);
  EXPECT_EQ(f.machine.body(101, f.now).acts, kDropBody | kReply | kDone);
  EXPECT_EQ(f.machine.reply().status, 507);
  EXPECT_EQ(f.machine.reply().body.size(), 53u);
  EXPECT_EQ(f.runtime->retries_in_flight(), 0u);
}

TEST(Machine, ResponseCutAfterItsHeadIsNeverRetried) {
  Fixture f(retry::k5xx | retry::kReset);
  f.open();
  f.machine.head(true, f.now);
  f.machine.ready(0, false, f.now);
  EXPECT_EQ(f.machine.response(0, f.facts(200, false), f.now).acts, kForward | kDropBody);
  EXPECT_EQ(f.machine.failed(0, {Reason::kProtocolError, true, {}}, f.now).acts, kAbort | kDone);
  EXPECT_EQ(f.ledger.flags.text(), "UPE");
  EXPECT_EQ(f.ledger.details.view(), "upstream_reset_after_response_started{protocol_error}");
}

TEST(Machine, AHedgeRunsBesideTheSlowAttemptAndTheFirstGoodAnswerWins) {
  Fixture f(retry::k5xx);
  f.plan.per_try = from_ms(50);
  f.plan.hedge = true;
  f.open();
  f.machine.head(true, f.now);
  EXPECT_EQ(f.machine.start().expected_timeout_ms, 15000) << "hedging shows the global timeout";
  f.machine.ready(0, false, f.now);
  EXPECT_EQ(f.to_deadline(), Step{});
  EXPECT_EQ(f.machine.live(), 1u);
  Step start = f.to_deadline();
  EXPECT_EQ(start.acts, kStart);
  EXPECT_EQ(start.slot, 1);
  f.machine.ready(1, false, f.now);
  EXPECT_EQ(f.machine.response(0, f.facts(503), f.now), (Step{.acts = kReset, .reset = 1, .slot = 0}))
      << "dropped: another one runs";
  Step won = f.machine.response(1, f.facts(200), f.now);
  EXPECT_EQ(won.acts, kForward | kDropBody | kDone);
  EXPECT_EQ(won.slot, 1);
  EXPECT_EQ(f.view.stats().upstream_rq_per_try_timeout.value(), 0u);
  EXPECT_EQ(f.runtime->retries_in_flight(), 0u);
}

// A reset header's wait I gives a delay in [I, 1.5 I), once; the exponential series goes on where it was.
TEST(Machine, ARateLimitedWaitIsOneShot) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Fixture f(retry::k5xx, 3, seed);
    f.open();
    f.machine.head(true, f.now);
    f.machine.ready(0, false, f.now);
    retry::ResponseFacts facts = f.facts(503);
    facts.wait_ms = 1000;
    f.machine.response(0, facts, f.now);
    Duration delay = f.machine.deadline() - f.now;
    EXPECT_GE(delay, from_ms(1000));
    EXPECT_LT(delay, from_ms(1500));
    f.to_deadline();
    f.machine.ready(0, true, f.now);
    facts.wait_ms = 1; // too short to count
    f.machine.response(0, facts, f.now);
    EXPECT_LT(f.machine.deadline() - f.now, from_ms(25));
    f.to_deadline();
    EXPECT_EQ(f.view.stats().upstream_rq_retry_backoff_ratelimited.value(), 1u);
    EXPECT_EQ(f.view.stats().upstream_rq_retry_backoff_exponential.value(), 1u);
  }
}

TEST(Machine, PerTryIdleIsRearmedByWhatComesAndRunsOnBehindTheHead) {
  Fixture f(retry::kReset, 1);
  f.policy.per_try_idle = from_ms(200);
  f.open();
  f.machine.head(true, f.now);
  f.machine.ready(0, false, f.now);
  ASSERT_EQ(f.machine.deadline() - f.now, from_ms(200));
  EXPECT_EQ(f.to_deadline().acts, kReset);
  EXPECT_EQ(f.ledger.at(1).reset, Reason::kPerTryTimeout);
  EXPECT_EQ(f.to_deadline().acts, kStart);
  f.machine.ready(0, false, f.now);
  f.now += from_ms(150);
  f.machine.response(0, f.facts(200, false), f.now);
  EXPECT_EQ(f.machine.deadline() - f.now, from_ms(200));
  f.now += from_ms(150);
  ASSERT_TRUE(f.machine.counts_silence());
  f.machine.moved(f.now);
  EXPECT_EQ(f.machine.deadline() - f.now, from_ms(200));
  Step step = f.to_deadline();
  EXPECT_EQ(step.acts, kReset | kAbort | kDone);
  EXPECT_EQ(f.ledger.details.view(), "upstream_per_try_idle_timeout");
  EXPECT_EQ(f.ledger.flags.text(), "UT");
  EXPECT_EQ(f.view.stats().upstream_rq_per_try_idle_timeout.value(), 2u);
}

TEST(Machine, TheAlternativeAnswerOfATimeoutIs204) {
  for (bool per_try : {false, true}) {
    Fixture f(0);
    f.plan.alt_response = true;
    if (per_try) f.plan.per_try = from_ms(100);
    f.open();
    f.machine.head(true, f.now);
    f.machine.ready(0, false, f.now);
    EXPECT_EQ(f.to_deadline().acts, kReset | kReply | kDone);
    EXPECT_EQ(f.machine.reply().status, 204);
    EXPECT_EQ(f.machine.reply().body, "");
    EXPECT_EQ(f.ledger.flags.text(), "UT");
  }
}

TEST(Machine, ARetryKnowsWhetherATimeoutWasItsReason) {
  Fixture f(retry::k5xx);
  f.plan.per_try = from_ms(100);
  f.open();
  f.machine.head(true, f.now);
  EXPECT_EQ(f.machine.start().timeout_retry, -1);
  f.machine.ready(0, false, f.now);
  f.to_deadline();
  f.to_deadline();
  EXPECT_EQ(f.machine.start().timeout_retry, 1);
  f.machine.ready(0, false, f.now);
  f.machine.response(0, f.facts(503), f.now);
  f.to_deadline();
  EXPECT_EQ(f.machine.start().timeout_retry, 0);
}

// Two endpoints that share a round robin: without the predicate a third party's pick sends the retry to the same one.
TEST(Machine, PreviousHostsAreAvoidedWhileAnotherPickIsLeft) {
  for (bool avoided : {false, true}) {
    Fixture f(retry::k5xx);
    cluster::EndpointSet set(2);
    for (uint8_t i = 0; i < 2; ++i) {
      set[i].ip[3] = i;
      set[i].text = std::string("10.0.0.") + static_cast<char>('0' + i) + ":1";
    }
    f.view.update(set);
    f.policy.previous_hosts = avoided;
    f.open();
    f.machine.head(true, f.now);
    cluster::Host* first = f.machine.start().endpoint;
    f.machine.ready(0, false, f.now);
    f.machine.response(0, f.facts(503), f.now);
    f.view.pick(f.random); // somebody else's request
    f.to_deadline();
    EXPECT_EQ(f.machine.start().endpoint != first, avoided);
  }
  Fixture one(retry::k5xx);
  cluster::EndpointSet single(1);
  single[0].text = "10.0.0.1:1";
  one.view.update(single);
  one.policy.previous_hosts = true;
  one.policy.host_attempts = 5;
  one.open();
  one.machine.head(true, one.now);
  one.machine.ready(0, false, one.now);
  one.machine.response(0, one.facts(503), one.now);
  EXPECT_EQ(one.to_deadline().acts, kStart) << "never an error";
}

} // namespace
} // namespace kgw::exchange
