// The health of a cluster in a whole gateway of several workers, over real sockets: one worker keeps it, all see it.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "gateway/gateway.h"

namespace kgw::gateway {
namespace {

using base::from_ms;
using base::seconds;

// Answers every head on every connection with the status of the moment.
class Origin {
 public:
  Origin()
      : socket_(std::move(*net::ListenSocket::open(*net::parse_address("127.0.0.1", 0), false))),
        thread_([this] { serve(); }) {}
  ~Origin() {
    stop_ = true;
    thread_.join();
  }
  net::Address address() const { return socket_.address(); }
  std::atomic<int> status = 200;

 private:
  void serve() {
    std::vector<pollfd> fds{{socket_.fd(), POLLIN, 0}};
    char bytes[4096];
    while (!stop_) {
      poll(fds.data(), fds.size(), 10);
      if (int fd = accept(socket_.fd(), nullptr, nullptr); fd >= 0) fds.push_back({fd, POLLIN, 0});
      for (size_t i = fds.size(); --i > 0;) {
        ssize_t n = recv(fds[i].fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n > 0) { // a head comes in one piece here
          std::string answer = "HTTP/1.1 " + std::to_string(status) + " X\r\ncontent-length: 0\r\n\r\n";
          n = send(fds[i].fd, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
        if (n > 0 || (n < 0 && errno == EAGAIN)) continue;
        close(fds[i].fd);
        fds.erase(fds.begin() + static_cast<ptrdiff_t>(i));
      }
    }
    for (size_t i = 1; i < fds.size(); ++i) close(fds[i].fd);
  }
  net::ListenSocket socket_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

struct HealthTest : testing::Test {
  Origin good, bad;
  base::Log log;
  std::unique_ptr<Gateway> gateway;
  net::Address listener;

  snapshot::Spec spec(const cluster::Policy& policy) {
    snapshot::Spec spec;
    route::RuleSpec rule{.name = "t/r/0", .hostnames = {""}, .matches = {{}}, .route_key = "t/r"};
    spec.listeners.push_back({.address = "127.0.0.1", .routes = {.name = "t/g/l", .rules = {rule}}});
    spec.actions.push_back({.kind = snapshot::ActionKind::kForward, .rule = "t/r/0", .backends = {{1, 0}}});
    spec.actions[0].retry.on = retry::k5xx;
    spec.clusters.push_back({.id = {"Service", "t", "o", 80}, .name = "t_o_80", .policy = policy});
    for (const Origin* origin : {&good, &bad})
      spec.clusters[0].endpoints.push_back({.host = "127.0.0.1", .port = origin->address().port});
    return spec;
  }
  void start(const cluster::Policy& policy) {
    gateway = std::move(*Gateway::make({.workers = 3}, log));
    gateway->on_control([&] { listener = (*gateway->start(spec(policy))).front().address; });
  }
  void TearDown() override { gateway->stop(Duration{}); }

  // On connections of their own, so that every worker gets some.
  void ask(int connections, int requests) {
    for (int i = 0; i < connections; ++i) {
      int fd = socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_storage to{};
      socklen_t length = net::to_sockaddr(listener, to);
      ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), length), 0);
      constexpr std::string_view kGet = "GET / HTTP/1.1\r\nhost: t\r\n\r\n";
      for (int j = 0; j < requests; ++j) {
        ASSERT_EQ(send(fd, kGet.data(), kGet.size(), MSG_NOSIGNAL), static_cast<ssize_t>(kGet.size()));
        char bytes[4096];
        ASSERT_GT(recv(fd, bytes, sizeof bytes, 0), 0);
      }
      close(fd);
    }
  }
  telemetry::ClusterRow row() {
    telemetry::ClusterRow row;
    gateway->on_control([&] { row = gateway->clusters().front(); });
    return row;
  }
  uint64_t stat(std::string_view name) {
    uint64_t value = UINT64_MAX;
    gateway->on_control([&] {
      for (const auto& each : gateway->stats()) {
        if (each.full_name == "cluster.t_o_80." + std::string(name)) value = each.value;
      }
    });
    return value;
  }
  static bool soon(const std::function<bool()>& holds) {
    for (int i = 0; i < 500 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return holds();
  }
};

TEST_F(HealthTest, AnEjectionIsSeenByAllWorkersAndEnds) {
  start({.balance = cluster::Balance::kLeastRequest,
         .outlier = cluster::OutlierDetection{.consecutive_5xx = 3,
                                              .interval = from_ms(100),
                                              .base_ejection_time = from_ms(300),
                                              .max_ejection_percent = 100},
         .retry_budget = cluster::RetryRateBudget{}});
  bad.status = 503;
  ask(20, 20);
  ASSERT_TRUE(soon([&] {
    ask(3, 10);
    return stat("outlier_detection.ejections_enforced_total") > 0;
  }));
  bad.status = 200;
  EXPECT_TRUE(soon([&] { return stat("outlier_detection.ejections_active") == 0 && stat("membership_healthy") == 2; }));
  ask(20, 5);
  telemetry::ClusterRow cluster = row();
  ASSERT_EQ(cluster.hosts.size(), 2u);
  EXPECT_EQ(telemetry::health_flags(cluster.hosts[0]), "healthy");
  std::map<std::string, uint64_t> counters(cluster.hosts[0].counters.begin(), cluster.hosts[0].counters.end());
  EXPECT_GT(counters["rq_total"], 0u);
  EXPECT_EQ(counters["rq_error"], 0u) << "the good one";
  EXPECT_EQ(stat("circuit_breakers.default.rq_retry_open"), 0u);
}

TEST_F(HealthTest, ChecksOfOneWorkerAreForAll) {
  bad.status = 500;
  cluster::Policy policy{.health = cluster::HealthCheck{.timeout = seconds(1),
                                                        .interval = from_ms(50),
                                                        .unhealthy_threshold = 1,
                                                        .healthy_threshold = 1,
                                                        .path = "/"}};
  start(policy);
  EXPECT_TRUE(soon([&] { return stat("health_check.healthy") == 1 && stat("health_check.failure") >= 1; }));
  ask(30, 3);
  telemetry::ClusterRow cluster = row();
  EXPECT_EQ(telemetry::health_flags(cluster.hosts[1]), "/failed_active_hc");
  std::map<std::string, uint64_t> counters(cluster.hosts[1].counters.begin(), cluster.hosts[1].counters.end());
  EXPECT_EQ(counters["rq_total"], 0u) << "half are healthy: no panic";
  policy.health.reset();
  gateway->on_control([&] { EXPECT_TRUE(gateway->publish(spec(policy))); });
  EXPECT_EQ(stat("membership_healthy"), 2u);
  EXPECT_EQ(stat("health_check.healthy"), UINT64_MAX) << "no such statistic without checks";
}

} // namespace
} // namespace kgw::gateway
