#include "cluster/outlier.h"

#include <gtest/gtest.h>

#include "unit/cluster/hosts.h"

namespace kgw::cluster {
namespace {

using base::seconds;
using Tally = Outcome::Tally;

// One worker that keeps the health itself.
struct OutlierTest : testing::Test {
  Policy policy{.outlier = OutlierDetection{.consecutive_5xx = 3,
                                            .interval = seconds(10),
                                            .base_ejection_time = seconds(30),
                                            .max_ejection_percent = 100}};
  std::shared_ptr<Runtime> runtime = std::make_shared<Runtime>("c", 1);
  View view{runtime, 0};
  std::unique_ptr<OutlierDetector> detector = std::make_unique<OutlierDetector>(*runtime, view.stats());
  Instant now{seconds(1000)};

  void start(std::initializer_list<const char*> hosts) {
    runtime->set_policy(policy);
    view.configure(policy);
    view.update(*runtime->admit(set_of(hosts)));
    detector->configure(*policy.outlier);
    detector->follow(runtime->endpoints());
    view.on_alarm([](void* self, const auto&, const auto& health, Alarm alarm,
                     Instant at) { static_cast<OutlierTest*>(self)->detector->suspect(*health, alarm, at); },
                  this);
  }
  void answers(size_t host, std::initializer_list<uint16_t> statuses) {
    for (uint16_t status : statuses) view.report(*view.hosts()[host], {Tally::kResponse, status}, now);
  }
  bool ejected(size_t host) { return !view.hosts()[host]->endpoint.health->usable(); }
  // In steps of the interval, as the keeper's timer.
  void ticks(int count) {
    for (int i = 0; i < count; ++i) detector->tick(now += policy.outlier->interval);
  }
};

TEST_F(OutlierTest, FailuresInARowEject) {
  start({"a", "b"});
  answers(0, {500, 503, 200, 500, 599});
  EXPECT_FALSE(ejected(0));
  view.report(*view.hosts()[0], {Tally::kFailure, 503}, now);
  EXPECT_TRUE(ejected(0)) << "a failure on our side counts like an answer";
  EXPECT_FALSE(ejected(1));
  EXPECT_EQ(view.stats().outlier_detection_ejections_enforced_total.value(), 1u);
  EXPECT_EQ(view.stats().outlier_detection_ejections_enforced_consecutive_5xx.value(), 1u);
  base::Random random(1);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(view.pick(random).host->endpoint.text, "b");
}

TEST_F(OutlierTest, GatewayFailuresAreARowOfTheirOwn) {
  policy.outlier->consecutive_5xx = 0;
  policy.outlier->consecutive_gateway_failure = 3;
  policy.outlier->enforce_gateway_failure = true;
  start({"a", "b"});
  answers(0, {502, 503, 500, 502, 504, 400, 503, 502});
  EXPECT_FALSE(ejected(0));
  answers(0, {504});
  EXPECT_TRUE(ejected(0));
  EXPECT_EQ(view.stats().outlier_detection_ejections_enforced_consecutive_gateway_failure.value(), 1u);
  answers(1, {500, 500, 500, 500});
  EXPECT_FALSE(ejected(1));
}

// Envoy's default: seen and counted, and nobody is ejected for it.
TEST_F(OutlierTest, GatewayFailuresAloneAreNotEnforced) {
  policy.outlier->consecutive_5xx = 0;
  start({"a", "b"});
  answers(0, {502, 503, 504, 502, 503, 502, 503, 504, 502, 503});
  EXPECT_FALSE(ejected(0));
  EXPECT_EQ(view.stats().outlier_detection_ejections_detected_consecutive_gateway_failure.value(), 2u);
  EXPECT_EQ(view.stats().outlier_detection_ejections_enforced_total.value(), 0u);
  EXPECT_EQ(view.stats().outlier_detection_ejections_overflow.value(), 0u);
}

// Envoy 1.40: a percentage that leaves no whole host ejects none, unless it is told to.
TEST_F(OutlierTest, ThePercentageIncludesTheNextOne) {
  policy.outlier->max_ejection_percent = 10;
  start({"a", "b", "c"});
  answers(0, {500, 500, 500, 500, 500, 500});
  EXPECT_FALSE(ejected(0));
  EXPECT_EQ(view.stats().outlier_detection_ejections_overflow.value(), 2u) << "it is looked at again after as many";
  EXPECT_EQ(view.stats().outlier_detection_ejections_detected_consecutive_5xx.value(), 2u);
  policy.outlier->always_eject_one = true;
  detector->configure(*policy.outlier);
  answers(0, {500, 500, 500});
  EXPECT_TRUE(ejected(0));
  answers(1, {500, 500, 500});
  EXPECT_FALSE(ejected(1));
  policy.outlier->max_ejection_percent = 67;
  detector->configure(*policy.outlier);
  answers(1, {500, 500, 500});
  EXPECT_TRUE(ejected(1));
  answers(2, {500, 500, 500});
  EXPECT_FALSE(ejected(2));
}

TEST_F(OutlierTest, AnEjectionLastsLongerEachTimeUpToTheMost) {
  policy.outlier->max_ejection_time = seconds(80);
  start({"a", "b"});
  for (int expected : {3, 6, 8, 8}) { // ticks: 30, 60, 80, 80 s
    answers(0, {500, 500, 500});
    ASSERT_TRUE(ejected(0));
    ticks(expected - 1);
    ASSERT_TRUE(ejected(0)) << expected;
    ticks(1);
    ASSERT_FALSE(ejected(0)) << expected;
  }
}

TEST_F(OutlierTest, EachIntervalInServiceForgetsOneEjection) {
  start({"a", "b"});
  for (int i = 0; i < 3; ++i) {
    answers(0, {500, 500, 500});
    ticks(3 * (i + 1));
    ASSERT_FALSE(ejected(0));
  }
  ticks(2); // of three, two are forgotten
  answers(0, {500, 500, 500});
  ticks(5);
  EXPECT_TRUE(ejected(0));
  ticks(1);
  EXPECT_FALSE(ejected(0)) << "60 s: the second one";
  ticks(10);
  answers(0, {500, 500, 500});
  ticks(3);
  EXPECT_FALSE(ejected(0)) << "as if it had never been";
}

TEST_F(OutlierTest, FailuresDuringAnEjectionDoNotProlongIt) {
  start({"a", "b"});
  answers(0, {500, 500, 500, 500, 500, 500, 500});
  EXPECT_EQ(view.stats().outlier_detection_ejections_detected_consecutive_5xx.value(), 1u);
  ticks(3);
  EXPECT_FALSE(ejected(0));
  answers(0, {500, 500});
  EXPECT_FALSE(ejected(0)) << "they were forgotten with the ejection";
}

TEST_F(OutlierTest, APassedCheckReadmits) {
  start({"a", "b"});
  answers(0, {500, 500, 500});
  detector->passed_check(*view.hosts()[0]->endpoint.health, now);
  EXPECT_FALSE(ejected(0));
}

TEST_F(OutlierTest, ItFollowsTheEndpoints) {
  start({"a", "b", "c"});
  answers(0, {500, 500, 500});
  auto gone = view.hosts()[0]->endpoint.health;
  view.update(*runtime->admit(set_of({"b", "c"})));
  detector->follow(runtime->endpoints());
  detector->suspect(*gone, Alarm::kConsecutive5xx, now);
  ticks(10);
  policy.outlier->max_ejection_percent = 50;
  detector->configure(*policy.outlier);
  answers(0, {500, 500, 500});
  EXPECT_TRUE(ejected(0)) << "one of two: who left takes no share";
}

TEST_F(OutlierTest, WithoutADetectorEverybodyIsBack) {
  start({"a", "b"});
  answers(0, {500, 500, 500});
  uint64_t version = runtime->health_version();
  detector.reset();
  view.on_alarm(nullptr, nullptr);
  EXPECT_FALSE(ejected(0));
  EXPECT_NE(runtime->health_version(), version);
}

} // namespace
} // namespace kgw::cluster
