// What is known of endpoints, in a whole worker: ejections and their end, panic, active checks, and that none of it
// stays behind.
#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "worker/harness.h"

namespace kgw::test {
namespace {

using base::from_ms;
using base::seconds;
using cluster::Health;

struct HealthTest : testing::Test {
  std::map<std::string, std::string> answers; // by the address that is asked; the default is 200
  std::map<std::string, std::string> checks;  // the same for GET /healthz; "silence", "close"
  std::map<std::string, int> asked, probed;
  std::vector<std::string> probe_heads;
  Harness h; // goes first: its end may still ask the origins

  HealthTest() {
    h.endpoints = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
    h.origin = [this](Peer& peer, const std::string& head) {
      std::string here = peer.transport()->local().host();
      bool probe = head.starts_with("GET /healthz ");
      ++(probe ? probed : asked)[here];
      if (probe) probe_heads.push_back(head);
      std::string status = (probe ? checks : answers)[here];
      if (status == "silence") return;
      if (status == "close") return peer.close(false);
      peer.send(fmt::format("HTTP/1.1 {}\r\ncontent-length: 1\r\n\r\nx", status.empty() ? "200 OK" : status));
    };
  }
  // How the answers of so many requests on one connection were spread.
  std::map<std::string, int> ask(int requests) {
    asked.clear();
    Peer& client = h.connect_client();
    for (int i = 0; i < requests; ++i) {
      client.received.clear();
      client.send("GET /a HTTP/1.1\r\nhost: test\r\n\r\n");
      h.settle();
      EXPECT_NE(parse_reply(client.received).status, 0);
    }
    client.close();
    h.settle();
    return asked;
  }
  uint64_t stat(base::Counter cluster::Stats::* member) { return h.runtime->sum(member); }
};

struct Ejection : HealthTest {
  Ejection() {
    h.policy.outlier = cluster::OutlierDetection{
        .consecutive_5xx = 2, .interval = seconds(1), .base_ejection_time = seconds(3), .max_ejection_percent = 100};
    h.start();
  }
};

TEST_F(Ejection, AFailingEndpointLeavesAndComesBack) {
  answers["10.0.0.1"] = "503 No";
  EXPECT_EQ(ask(12)["10.0.0.1"], 2);
  EXPECT_EQ(h.health(0), uint32_t{Health::kEjected});
  EXPECT_EQ(stat(&cluster::Stats::outlier_detection_ejections_enforced_total), 1u);
  answers.clear();
  h.advance(seconds(2));
  EXPECT_EQ(ask(12)["10.0.0.1"], 0);
  h.advance(from_ms(1500));
  EXPECT_EQ(ask(12)["10.0.0.1"], 4);
  EXPECT_EQ(h.health(0), 0u);
  EXPECT_EQ(h.at_rest(), "");
}

TEST_F(Ejection, ARefusedConnectionCountsLikeA5xx) {
  h.network->answer(*net::parse_address("10.0.0.2", 80), Answer::kRefuse);
  ask(12);
  EXPECT_EQ(h.health(1), uint32_t{Health::kEjected});
  EXPECT_EQ(h.health(0) | h.health(2), 0u);
  EXPECT_EQ(h.at_rest(), "");
}

// Fewer than half are left: everybody is used again, the ejected ones too.
TEST_F(Ejection, APanicUsesAll) {
  answers["10.0.0.1"] = answers["10.0.0.2"] = "500 No";
  ask(12);
  EXPECT_EQ(h.health(0) & h.health(1), uint32_t{Health::kEjected});
  uint64_t before = stat(&cluster::Stats::lb_healthy_panic);
  auto spread = ask(9);
  EXPECT_EQ(spread["10.0.0.1"], 3);
  EXPECT_EQ(spread["10.0.0.3"], 3);
  EXPECT_EQ(stat(&cluster::Stats::lb_healthy_panic) - before, 9u);
  EXPECT_EQ(h.worker->records(1).at(0).ledger.at(1).choice, exchange::Choice::kPanic);
  EXPECT_EQ(h.at_rest(), "");
}

// One worker judges; the retry of the request that decided goes elsewhere.
TEST_F(Ejection, ARetrySeesTheEjectionThatItsOwnAttemptCaused) {
  h.action.retry.on = retry::k5xx;
  h.action.retry.retries = 3;
  h.policy.outlier->consecutive_5xx = 1;
  h.apply();
  answers["10.0.0.1"] = "503 No";
  Peer& client = h.connect_client();
  for (int i = 0; i < 3; ++i) {
    client.received.clear();
    client.send("GET /a HTTP/1.1\r\nhost: test\r\n\r\n");
    h.advance(seconds(1));
    EXPECT_EQ(parse_reply(client.received).status, 200);
  }
  EXPECT_EQ(asked["10.0.0.1"], 1);
  EXPECT_EQ(h.at_rest(), "");
}

TEST_F(Ejection, AnEndpointThatLeavesTakesItsEjectionWithIt) {
  answers["10.0.0.1"] = "503 No";
  ask(12);
  h.move({"10.0.0.2", "10.0.0.3"});
  h.move({"10.0.0.1", "10.0.0.2", "10.0.0.3"});
  EXPECT_EQ(h.health(0), 0u);
  EXPECT_EQ(ask(12)["10.0.0.1"], 2);
  h.policy.outlier.reset();
  h.apply();
  EXPECT_EQ(h.health(0), 0u) << "no rules, no ejection";
  EXPECT_EQ(ask(12)["10.0.0.1"], 4);
  EXPECT_EQ(h.at_rest(), "");
}

struct Checks : HealthTest {
  Checks() {
    h.policy.health = cluster::HealthCheck{.timeout = from_ms(500),
                                           .interval = seconds(1),
                                           .unhealthy_threshold = 3,
                                           .healthy_threshold = 2,
                                           .path = "/healthz"};
  }
  void start() {
    h.start();
    h.settle();
  }
  // Traffic, without which the checks are rare, and time until they notice.
  void warm_up() {
    start();
    ask(3);
    h.advance(seconds(60));
  }
  int probes() {
    int all = 0;
    for (auto& [host, count] : probed) all += count;
    return all;
  }
};

TEST_F(Checks, ANewEndpointIsInUseFromItsFirstPassedCheck) {
  checks["10.0.0.2"] = "503 No";
  checks["10.0.0.3"] = "silence";
  start();
  EXPECT_EQ(h.health(0), 0u);
  EXPECT_EQ(h.health(1), uint32_t{Health::kFailedCheck});
  EXPECT_EQ(h.health(2), uint32_t{Health::kFailedCheck}) << "as long as it has not answered";
  EXPECT_EQ(probe_heads.at(0), "GET /healthz HTTP/1.1\r\nhost: test_origin_80\r\nuser-agent: Envoy/HC\r\n\r\n");
  h.advance(from_ms(500));
  EXPECT_EQ(h.health(2), Health::kFailedCheck | Health::kCheckTimeout);
  EXPECT_EQ(stat(&cluster::Stats::health_check_attempt), 3u);
  EXPECT_EQ(stat(&cluster::Stats::health_check_success), 1u);
  EXPECT_EQ(stat(&cluster::Stats::health_check_failure), 2u);
  EXPECT_EQ(stat(&cluster::Stats::health_check_network_failure), 1u);
  EXPECT_EQ(h.at_rest(), "");
}

TEST_F(Checks, WithoutTrafficTheyAreRare) {
  start();
  h.advance(seconds(59));
  EXPECT_EQ(probes(), 3);
  ask(1);
  h.advance(from_ms(1500));
  EXPECT_EQ(probes(), 6);
  h.advance(seconds(10));
  EXPECT_EQ(probes(), 36);
  EXPECT_EQ(stat(&cluster::Stats::upstream_cx_total), 1u) << "the request's; the checks' own do not count";
  EXPECT_EQ(h.origins.size(), 4u) << "and are kept";
}

TEST_F(Checks, AWrongAnswerTakesAnEndpointOutAtOnceAndTwoRightOnesBringItBack) {
  warm_up();
  checks["10.0.0.1"] = "201 Created";
  h.advance(seconds(1));
  EXPECT_EQ(h.health(0), uint32_t{Health::kFailedCheck}) << "200 it must be";
  EXPECT_EQ(ask(8)["10.0.0.1"], 0);
  checks.clear();
  h.advance(seconds(1));
  EXPECT_NE(h.health(0), 0u);
  h.advance(seconds(1));
  EXPECT_EQ(h.health(0), 0u);
  EXPECT_EQ(ask(9)["10.0.0.1"], 3);
}

TEST_F(Checks, SilenceCountsFromTheThreshold) {
  warm_up();
  for (const char* silence : {"close", "silence"}) {
    checks["10.0.0.1"] = silence;
    uint64_t before = stat(&cluster::Stats::health_check_network_failure);
    for (int i = 0; i < 100 && h.health(0) == 0; ++i) h.advance(from_ms(100));
    EXPECT_EQ(stat(&cluster::Stats::health_check_network_failure) - before, 3u) << silence;
    checks.clear();
    h.advance(seconds(4));
    EXPECT_EQ(h.health(0), 0u) << silence;
  }
  h.move({"10.0.0.1", "10.0.0.4", "10.0.0.5"});
  h.network->answer(*net::parse_address("10.0.0.4", 80), Answer::kRefuse);
  h.network->answer(*net::parse_address("10.0.0.5", 80), Answer::kBlackHole);
  h.advance(seconds(5));
  EXPECT_EQ(h.health(1), uint32_t{Health::kFailedCheck});
  EXPECT_EQ(h.health(2), Health::kFailedCheck | Health::kCheckTimeout);
}

TEST_F(Checks, AnAnswerMayAskToBeLeftOut) {
  warm_up();
  answers["10.0.0.1"] = "200 OK\r\nx-envoy-immediate-health-check-fail: true";
  Peer& client = h.connect_client();
  for (int i = 0; i < 3; ++i) client.send("GET /a HTTP/1.1\r\nhost: test\r\n\r\n");
  h.settle();
  EXPECT_NE(client.received.find("x-envoy-immediate-health-check-fail: true"), std::string::npos)
      << "and the client sees it";
  EXPECT_EQ(h.health(0), Health::kFailedCheck | Health::kExcluded);
  EXPECT_EQ(stat(&cluster::Stats::health_check_passive_failure), 1u);
  answers.clear();
  h.advance(seconds(2));
  EXPECT_EQ(h.health(0), 0u) << "its checks are good";
}

TEST_F(Checks, APassedCheckEndsAnEjection) {
  h.policy.outlier =
      cluster::OutlierDetection{.consecutive_5xx = 2, .base_ejection_time = seconds(300), .max_ejection_percent = 100};
  warm_up();
  answers["10.0.0.1"] = "503 No";
  ask(6);
  EXPECT_EQ(h.health(0), uint32_t{Health::kEjected});
  h.advance(seconds(1));
  EXPECT_EQ(h.health(0), 0u);
}

TEST_F(Checks, TheProbesOfAnEndpointThatLeavesEnd) {
  checks["10.0.0.3"] = "silence";
  start();
  ASSERT_EQ(h.origins.size(), 3u);
  h.move({"10.0.0.2"});
  h.settle();
  EXPECT_TRUE(h.origins[0]->ended()) << "an idle connection";
  EXPECT_FALSE(h.origins[1]->ended());
  EXPECT_TRUE(h.origins[2]->ended()) << "and one with a check under way";
  probed.clear();
  ask(1);
  h.advance(seconds(120));
  EXPECT_EQ(probed.size(), 1u);
  EXPECT_GT(probed["10.0.0.2"], 50);
  EXPECT_EQ(h.at_rest(), "");
}

TEST_F(Checks, TheProbesOfAClusterThatLeavesEnd) {
  checks["10.0.0.3"] = "silence";
  start();
  h.remove_cluster();
  h.settle();
  for (const auto& origin : h.origins) EXPECT_TRUE(origin->ended());
  probed.clear();
  h.advance(seconds(120));
  EXPECT_EQ(probes(), 0);
  EXPECT_EQ(h.at_rest(), "");
}

TEST_F(Checks, AreThoseOfTheNewestSnapshot) {
  start();
  h.policy.health.reset();
  h.apply();
  h.settle();
  probed.clear();
  checks["10.0.0.1"] = "503 No";
  ask(3);
  h.advance(seconds(120));
  EXPECT_EQ(probes(), 0) << "nobody asks for them any more";
  h.policy.health = cluster::HealthCheck{.timeout = from_ms(500),
                                         .interval = seconds(5),
                                         .unhealthy_threshold = 3,
                                         .healthy_threshold = 2,
                                         .path = "/healthz"};
  h.apply();
  EXPECT_EQ(h.health(0) | h.health(1) | h.health(2), 0u) << "all were in use";
  h.settle();
  EXPECT_EQ(h.health(0), uint32_t{Health::kFailedCheck}) << "the first check decides";
  probed.clear();
  h.advance(seconds(20));
  EXPECT_EQ(probes(), 12);
  EXPECT_EQ(h.at_rest(), "");
}

TEST_F(Checks, AWorkerMayStopInTheMiddle) {
  checks["10.0.0.1"] = "silence";
  start();
  h.move({"10.0.0.1", "10.0.0.9"});
}

// Endpoints come, go, fail and recover in a seeded order, while requests with retries run: nothing is lost and nothing
// stays.
TEST(HealthOrders, EveryRequestEndsAndNothingLeaks) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    base::Random random(seed);
    Harness h(seed);
    h.endpoints = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
    h.action.retry.on = retry::k5xx;
    h.action.retry.retries = 2;
    h.policy.balance = static_cast<cluster::Balance>(random.below(3));
    auto outlier = cluster::OutlierDetection{
        .consecutive_5xx = 2, .interval = from_ms(200), .base_ejection_time = from_ms(300), .max_ejection_percent = 60};
    auto health = cluster::HealthCheck{.timeout = from_ms(100),
                                       .interval = from_ms(150),
                                       .unhealthy_threshold = 2,
                                       .healthy_threshold = 1,
                                       .path = "/h"};
    h.start();
    h.origin = [&](Peer& peer, const std::string&) {
      switch (random.below(6)) {
      case 0: return peer.close(random.below(2) == 0);
      case 1: return;
      case 2: return peer.send("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
      case 3:
        return peer.send("HTTP/1.1 200 OK\r\nx-envoy-immediate-health-check-fail: 1\r\ncontent-length: 0\r\n\r\n");
      default: return peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      }
    };
    std::vector<Peer*> clients;
    for (int step = 0; step < 60; ++step) {
      switch (random.below(8)) {
      case 0: {
        std::vector<std::string> hosts;
        for (int i = 1; i <= 5; ++i) {
          if (random.below(2) == 0) hosts.push_back(fmt::format("10.0.0.{}", i));
        }
        h.move(hosts);
        break;
      }
      case 1:
        h.policy.outlier = random.below(2) == 0 ? std::nullopt : std::optional(outlier);
        h.policy.health = random.below(2) == 0 ? std::nullopt : std::optional(health);
        h.apply();
        break;
      default: clients.push_back(&h.connect_client()); clients.back()->send("GET /a HTTP/1.1\r\nhost: test\r\n\r\n");
      }
      h.advance(from_ms(static_cast<int64_t>(random.below(200))));
    }
    h.advance(seconds(400));
    for (Peer* client : clients) ASSERT_TRUE(parse_reply(client->received).complete || client->ended()) << seed;
    ASSERT_EQ(h.at_rest(), "") << seed;
    for (size_t i = 0; i < h.runtime->endpoints().size(); ++i) {
      uint32_t possible =
          (h.policy.outlier ? Health::kEjected : 0u) | (h.policy.health ? ~uint32_t{Health::kEjected} : 0u);
      ASSERT_EQ(h.health(i) & ~possible, 0u) << seed;
    }
  }
}

} // namespace
} // namespace kgw::test
