// A keep-alive GET in steady state touches no heap on its worker, with the access log or without: real sockets, a real
// loop, operator new counted per thread.

#pragma GCC diagnostic ignored "-Wmismatched-new-delete" // operator new is replaced, with malloc behind it
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <latch>
#include <new>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "gateway/worker.h"
#include "telemetry/access_log.h"

static thread_local uint64_t allocations = 0;

void* operator new(size_t bytes) {
  ++allocations;
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace kgw {
namespace {

constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-type: text/plain\r\n\r\nhello";
constexpr char kRequest[] = "GET /a?b=c HTTP/1.1\r\nhost: test\r\nuser-agent: test\r\naccept: */*\r\n\r\n";

// Blocking: one connection, one answer per head.
void serve_one(int listener) {
  int fd = accept(listener, nullptr, nullptr);
  char buffer[4096];
  std::string text;
  for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
    text.append(buffer, static_cast<size_t>(n));
    if (!text.ends_with("\r\n\r\n")) continue;
    text.clear();
    if (send(fd, kAnswer, sizeof kAnswer - 1, MSG_NOSIGNAL) < 0) break;
  }
  close(fd);
}

void ask(int fd) {
  ASSERT_EQ(send(fd, kRequest, sizeof kRequest - 1, MSG_NOSIGNAL), static_cast<ssize_t>(sizeof kRequest - 1));
  char buffer[4096];
  std::string text;
  while (!text.ends_with("hello")) {
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    ASSERT_GT(n, 0) << text;
    text.append(buffer, static_cast<size_t>(n));
  }
}

// Of a worker, over a thousand requests.
uint64_t allocations_per_thousand(telemetry::AccessLogQueue* access_log) {
  auto origin = std::move(*net::ListenSocket::open(*net::parse_address("127.0.0.1", 0), false));
  // The acceptor's socket does not block; this one's accept has to.
  int blocking = fcntl(origin.fd(), F_GETFL);
  fcntl(origin.fd(), F_SETFL, blocking & ~O_NONBLOCK);
  std::thread server([&] { serve_one(origin.fd()); });

  auto owned = std::make_unique<gateway::Worker>(0, std::move(*net::Loop::make()), nullptr, 1,
                                                 proxy::Identity{"192.0.2.1", "1.1 test"}, 64);
  gateway::Worker& worker = *owned;
  if (access_log != nullptr) worker.set_access_log(access_log);
  snapshot::Spec spec;
  spec.listeners.push_back(
      {.address = "127.0.0.1",
       .routes = {.name = "t/g/l", .rules = {{.name = "t/r/0", .hostnames = {""}, .matches = {{}}}}}});
  spec.actions.push_back({.kind = snapshot::ActionKind::kForward, .rule = "t/r/0", .backends = {{1, 0}}});
  spec.actions[0].retry.on = retry::k5xx;
  spec.clusters.push_back({.id = {"Service", "t", "o", 80}, .name = "t_o_80"});
  cluster::Registry registry(1);
  auto snapshot = *snapshot::compile(std::move(spec), registry, 1);
  cluster::Endpoint endpoint{.port = origin.address().port, .text = origin.address().text()};
  std::copy(std::begin(origin.address().bytes), std::end(origin.address().bytes), std::begin(endpoint.ip));
  auto set = std::make_shared<cluster::EndpointSet>(1, endpoint);
  auto counters = std::make_shared<proxy::ListenerCounters>("t/g/l", 1);
  auto socket = std::move(*net::ListenSocket::open(*net::parse_address("127.0.0.1", 0), false));
  net::Address address = socket.address();
  gateway::Update update{.snapshot = snapshot, .counters = {{counters}}, .endpoints = {set}, .tls = {nullptr}};
  update.ports.push_back({1, 0, std::move(socket)});
  worker.apply(std::move(update));
  worker.start();

  int client = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_storage to{};
  socklen_t length = net::to_sockaddr(address, to);
  EXPECT_EQ(connect(client, reinterpret_cast<sockaddr*>(&to), length), 0);
  auto count = [&] {
    uint64_t now = 0;
    std::latch read(1);
    worker.post([&] {
      now = allocations;
      read.count_down();
    });
    read.wait();
    return now;
  };
  for (int i = 0; i < 200; ++i) ask(client); // past the first use of everything, the ring of records included
  uint64_t before = count();
  for (int i = 0; i < 1000; ++i) ask(client);
  uint64_t during = count() - before;

  close(client);
  worker.post([&] { worker.drain(worker.loop().now(), [&] { worker.stop(); }); });
  worker.join();
  owned.reset(); // with it goes the idle connection that the origin reads from
  server.join();
  return during;
}

TEST(Allocations, NonePerKeepAliveGet) { EXPECT_EQ(allocations_per_thousand(nullptr), 0u); }

TEST(Allocations, NoneForTheAccessLog) {
  base::Log quiet;
  auto log =
      std::move(*telemetry::AccessLog::open({.path = "/dev/null", .headers = {"user-agent", "x-none"}}, 1, quiet));
  std::thread writer([&] { log->run(); });
  EXPECT_EQ(allocations_per_thousand(&log->queue(0)), 0u);
  log->finish(10'000);
  writer.join();
  EXPECT_EQ(log->written(), 1200u);
}

} // namespace
} // namespace kgw
