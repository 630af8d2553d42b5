// What the machine tells the cluster about its attempts, and why it went where it went.

#include <gtest/gtest.h>

#include "unit/exchange/fixture.h"

namespace kgw::exchange {
namespace {

constexpr Failure kRefused{retry::Reason::kRemoteConnectionFailure, false, {}, {}};
constexpr Failure kCut{retry::Reason::kConnectionTermination, true, {}, {}};
constexpr Failure kOverflow{retry::Reason::kOverflow, false, {}, {}};

// Two failures in a row at an endpoint raise an alarm.
struct Reports : Fixture {
  explicit Reports(uint32_t on = 0, size_t hosts = 1) : Fixture(on) {
    cluster::EndpointSet set(hosts);
    for (size_t i = 0; i < hosts; ++i) {
      set[i].ip[3] = static_cast<uint8_t>(i);
      set[i].text = "10.0.0." + std::to_string(i);
    }
    view.update(set);
    view.configure({.outlier = cluster::OutlierDetection{.consecutive_5xx = 2}, .health = cluster::HealthCheck{}});
    view.on_alarm([](void* self, const auto&, const auto&, cluster::Alarm alarm,
                     Instant) { static_cast<Reports*>(self)->alarms.push_back(alarm); },
                  this);
  }
  void begin() {
    open();
    machine.head(true, now);
    machine.ready(0, false, now);
  }
  const cluster::HostStats& stats(size_t host = 0) { return view.hosts()[host]->stats; }
  std::vector<cluster::Alarm> alarms;
};

TEST(MachineReports, AnswersByTheirStatus) {
  Reports f;
  for (uint16_t status : std::initializer_list<uint16_t>{200, 503, 404, 500}) {
    f.begin();
    f.machine.response(0, f.facts(status), f.now);
  }
  EXPECT_EQ(f.stats().rq_success, 2u);
  EXPECT_EQ(f.stats().rq_error, 2u);
  EXPECT_TRUE(f.alarms.empty()) << "not in a row";
}

TEST(MachineReports, AGrpcAnswerByWhatItsStatusMeans) {
  Reports f;
  for (int i = 0; i < 2; ++i) {
    f.begin();
    auto facts = f.facts(200);
    facts.grpc_as_http = 503;
    f.machine.response(0, facts, f.now);
  }
  EXPECT_EQ(f.alarms.size(), 1u);
}

TEST(MachineReports, FailuresButNoBreakersOfOurs) {
  Reports f;
  for (const Failure& failure : {kRefused, kOverflow, kCut}) {
    f.open();
    f.machine.head(true, f.now);
    f.machine.failed(0, failure, f.now);
  }
  EXPECT_EQ(f.stats().rq_error, 2u);
  EXPECT_EQ(f.alarms.size(), 1u);
}

TEST(MachineReports, AResponseThatBreaksOffFailsAfterItCounted) {
  Reports f;
  for (int i = 0; i < 2; ++i) {
    f.begin();
    f.machine.response(0, f.facts(503, false), f.now);
    f.machine.failed(0, kCut, f.now);
    ASSERT_EQ(f.alarms.size(), 1u) << "a 503 and its cut are two in a row";
  }
  EXPECT_EQ(f.stats().rq_error, 2u) << "an attempt is one";
}

TEST(MachineReports, PerTryTimeouts) {
  Reports f(retry::k5xx);
  f.plan.per_try = base::seconds(1);
  f.begin();
  f.to_deadline();
  f.to_deadline();
  f.machine.ready(0, false, f.now);
  f.to_deadline();
  EXPECT_EQ(f.stats().rq_timeout, 2u);
  EXPECT_EQ(f.stats().rq_error, 2u);
  EXPECT_EQ(f.alarms.size(), 1u);
}

// Envoy: an attempt that waits for its connection has no endpoint yet.
TEST(MachineReports, TheGlobalTimeoutOfAttemptsThatHaveAConnection) {
  Reports f;
  f.begin();
  f.to_deadline();
  EXPECT_EQ(f.stats().rq_timeout, 1u);
  f.open();
  f.machine.head(true, f.now);
  f.to_deadline();
  EXPECT_EQ(f.stats().rq_timeout, 1u);
  EXPECT_TRUE(f.alarms.empty());
}

// Envoy counts what the client gets: with x-envoy-upstream-rq-timeout-alt-response that is a 204.
TEST(MachineReports, ATimeoutThatAnswers204IsNoFailure) {
  Reports f;
  f.plan.alt_response = true;
  for (int i = 0; i < 3; ++i) {
    f.begin();
    f.to_deadline();
  }
  EXPECT_TRUE(f.alarms.empty());
  EXPECT_EQ(f.stats().rq_timeout, 3u);
}

TEST(MachineReports, AHedgedAttemptIsSlowOnce) {
  Reports f(retry::k5xx, 2);
  f.plan.per_try = base::seconds(1);
  f.plan.hedge = true;
  f.policy.retries = 1;
  f.begin();
  f.to_deadline(); // slow; another one is asked for
  f.to_deadline();
  f.machine.ready(1, false, f.now);
  f.to_deadline(); // the other one is slow too
  ASSERT_EQ(f.to_deadline().acts & kReply, kReply) << "the global timeout";
  EXPECT_TRUE(f.alarms.empty()) << "one failure each";
  f.begin();
  f.machine.response(0, f.facts(503), f.now);
  EXPECT_EQ(f.alarms.size(), 1u);
}

TEST(MachineReports, AnEndpointThatAsksToBeLeftOut) {
  Reports f;
  f.begin();
  auto facts = f.facts(200);
  facts.asked_out = true;
  f.machine.response(0, facts, f.now);
  EXPECT_EQ(f.alarms, std::vector{cluster::Alarm::kAskedOut});
  f.view.configure({});
  f.begin();
  f.machine.response(0, facts, f.now);
  EXPECT_EQ(f.alarms.size(), 1u) << "without active checks nobody would take it back";
}

// Exact, where previous_hosts draws a few times and takes what comes.
TEST(MachineChoice, TriedHostsAreExcludedWhileThereIsAnother) {
  Reports f(retry::k5xx, 4);
  f.policy.exclude_tried_hosts = true;
  f.policy.retries = 5;
  for (uint64_t others = 0; others < 64; ++others) {
    f.begin();
    std::vector<cluster::Host*> seen{f.machine.start().endpoint};
    for (uint32_t number = 2; number <= 6; ++number) {
      f.machine.response(0, f.facts(503), f.now);
      for (uint64_t i = others >> (number - 2) * 2 & 3; i > 0; --i) f.view.pick(f.random);
      f.to_deadline();
      bool fresh = std::find(seen.begin(), seen.end(), f.machine.start().endpoint) == seen.end();
      ASSERT_EQ(fresh, number <= 4) << others << " attempt " << number;
      if (!fresh) {
        ASSERT_EQ(f.ledger.at(number).choice, Choice::kRetrySameHost);
      }
      seen.push_back(f.machine.start().endpoint);
      f.machine.ready(0, false, f.now);
    }
    f.machine.response(0, f.facts(200), f.now);
  }
}

TEST(MachineChoice, SaysWhyTheEndpoint) {
  Reports one;
  one.begin();
  EXPECT_EQ(one.ledger.at(1).choice, Choice::kOnlyHost);
  Reports f(retry::k5xx, 4);
  f.policy.previous_hosts = true;
  f.policy.host_attempts = 3;
  f.begin();
  EXPECT_EQ(f.ledger.at(1).choice, Choice::kBalanced);
  f.machine.response(0, f.facts(503), f.now);
  for (int i = 0; i < 3; ++i) f.view.pick(f.random); // the first one's turn again
  f.to_deadline();
  EXPECT_EQ(f.ledger.at(2).choice, Choice::kRetryOtherHost);
  f.machine.ready(0, false, f.now);
  f.machine.response(0, f.facts(503), f.now);
  f.policy.host_attempts = 1;
  for (int i = 0; i < 2; ++i) f.view.pick(f.random); // both that were tried come next
  f.to_deadline();
  EXPECT_EQ(f.ledger.at(3).choice, Choice::kRetrySameHost);
  for (auto* host : f.view.hosts()) host->endpoint.health->set(cluster::Health::kEjected);
  f.runtime->health_changed();
  f.begin();
  EXPECT_EQ(f.ledger.at(1).choice, Choice::kPanic);
  f.view.update({});
  f.open();
  f.machine.head(true, f.now);
  EXPECT_EQ(f.ledger.at(1).choice, Choice::kNone);
}

} // namespace
} // namespace kgw::exchange
