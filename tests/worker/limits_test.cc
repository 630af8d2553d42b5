// Each limit through a whole worker: at the limit the request passes, one above it is refused, counted and decided by
// name.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "worker/harness.h"

namespace kgw::test {
namespace {

using base::from_ms;
using exchange::Decision;
using proxy::ListenerStats;

std::string padded(size_t bytes, std::string_view line = "GET / HTTP/1.1\r\n") {
  std::string head = std::string(line) + "host: test\r\nx: ";
  return head + std::string(bytes - head.size() - 4, 'x') + "\r\n\r\n";
}

struct RequestLimit {
  const char* name;
  int64_t snapshot::ListenerSettings::* setting;
  int64_t value;
  std::string (*request)(int64_t size);
  int status;
  Decision decision;
  base::Counter ListenerStats::* counter;
};

const RequestLimit kRequestLimits[] = {
    {"head", &snapshot::ListenerSettings::request_head_bytes, 2000,
     [](int64_t n) { return padded(static_cast<size_t>(n)); }, 431, Decision::kLimitRequestHeadBytes,
     &ListenerStats::limit_request_head_bytes},
    {"count", &snapshot::ListenerSettings::request_header_count, 5,
     [](int64_t n) {
       std::string head = "GET / HTTP/1.1\r\nhost: test\r\n";
       for (int64_t i = 1; i < n; ++i) head += "x: y\r\n";
       return head + "\r\n";
     },
     431, Decision::kLimitRequestHeaderCount, &ListenerStats::limit_request_header_count},
    {"line", &snapshot::ListenerSettings::request_line_bytes, 8000,
     [](int64_t n) {
       return "GET /" + std::string(static_cast<size_t>(n) - std::string_view("GET / HTTP/1.1").size(), 'a') +
              " HTTP/1.1\r\nhost: test\r\n\r\n";
     },
     414, Decision::kLimitRequestLineBytes, &ListenerStats::limit_request_line_bytes},
    {"chunk line", &snapshot::ListenerSettings::chunk_line_bytes, 64,
     [](int64_t n) {
       return "POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n1;" +
              std::string(static_cast<size_t>(n) - 2, 'e') + "\r\nx\r\n0\r\n\r\n";
     },
     400, Decision::kLimitChunkLineBytes, &ListenerStats::limit_chunk_line_bytes},
};

TEST(Limit, OfARequest) {
  for (const RequestLimit& limit : kRequestLimits) {
    for (int64_t over : {0, 1}) {
      Harness h;
      h.listener.*limit.setting = limit.value;
      h.start();
      h.origin = [](Peer& peer, const std::string&) { peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"); };
      Peer& client = h.connect_client();
      client.send(limit.request(limit.value + over));
      h.settle();
      EXPECT_EQ(parse_reply(client.received).status, over != 0 ? limit.status : 200) << limit.name << over;
      EXPECT_EQ(h.listener_stat(limit.counter), static_cast<uint64_t>(over)) << limit.name;
      EXPECT_EQ(h.worker->records(0).at(0).ledger.outcome == limit.decision, over != 0) << limit.name;
      h.advance(base::seconds(2));
      EXPECT_EQ(client.ended(), over != 0);
      EXPECT_EQ(h.at_rest(), "");
    }
  }
}

struct ResponseLimit {
  const char* name;
  int64_t snapshot::ClusterSettings::* setting;
  int64_t value;
  std::string (*response)(int64_t size);
  Decision decision;
  base::Counter cluster::Stats::* counter;
};

const ResponseLimit kResponseLimits[] = {
    {"head", &snapshot::ClusterSettings::response_head_bytes, 2000,
     [](int64_t n) {
       std::string head = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ";
       return head + std::string(static_cast<size_t>(n) - head.size() - 4, 'x') + "\r\n\r\n";
     },
     Decision::kLimitResponseHeadBytes, &cluster::Stats::limit_response_head_bytes},
    {"count", &snapshot::ClusterSettings::response_header_count, 5,
     [](int64_t n) {
       std::string head = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n";
       for (int64_t i = 1; i < n; ++i) head += "x: y\r\n";
       return head + "\r\n";
     },
     Decision::kLimitResponseHeaderCount, &cluster::Stats::limit_response_header_count},
    {"1xx", &snapshot::ClusterSettings::informational_responses, 3,
     [](int64_t n) {
       std::string all;
       for (int64_t i = 0; i < n; ++i) all += "HTTP/1.1 103 Early Hints\r\n\r\n";
       return all + "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
     },
     Decision::kLimitInformationalResponses, &cluster::Stats::limit_informational_responses},
};

TEST(Limit, OfAResponse) {
  for (const ResponseLimit& limit : kResponseLimits) {
    for (int64_t over : {0, 1}) {
      Harness h;
      h.cluster.*limit.setting = limit.value;
      h.start();
      h.origin = [&](Peer& peer, const std::string&) { peer.send(limit.response(limit.value + over)); };
      Peer& client = h.connect_client();
      client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
      h.settle();
      EXPECT_EQ(parse_reply(client.received.substr(client.received.rfind("HTTP/1.1"))).status, over != 0 ? 502 : 200)
          << limit.name;
      EXPECT_EQ(h.runtime->sum(limit.counter), static_cast<uint64_t>(over)) << limit.name;
      const exchange::Ledger ledger = h.worker->records(0).at(0).ledger;
      EXPECT_EQ(ledger.outcome == limit.decision, over != 0) << limit.name;
      EXPECT_EQ(ledger.at(1).decision == limit.decision, over != 0) << limit.name;
      EXPECT_EQ(h.at_rest(), "");
    }
  }
}

// Which of `clients` simultaneous requests the origin sees while it answers none, and what the others get.
struct Crowd : Harness {
  size_t seen = 0;
  std::vector<Peer*> crowd;
  void gather(size_t number) {
    start();
    origin = [this](Peer&, const std::string&) { ++seen; };
    for (size_t i = 0; i < number; ++i) {
      crowd.push_back(&connect_client());
      crowd.back()->send("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
      settle();
    }
  }
  size_t refused() const {
    return static_cast<size_t>(std::count_if(crowd.begin(), crowd.end(),
                                             [](Peer* peer) { return parse_reply(peer->received).status == 503; }));
  }
};

TEST(Limit, MaxRequests) {
  Crowd h;
  h.cluster.max_requests = 3;
  h.gather(4);
  EXPECT_EQ(h.seen, 3u);
  EXPECT_EQ(h.refused(), 1u);
  EXPECT_EQ(h.runtime->sum(&cluster::Stats::upstream_rq_active_overflow), 1u);
  EXPECT_EQ(h.worker->records(0).at(0).ledger.flags.text(), "UO");
  EXPECT_EQ(h.worker->records(0).at(0).ledger.at(1).decision, Decision::kNoPolicy);
}

TEST(Limit, MaxConnectionsAndMaxPendingRequests) {
  Crowd h;
  h.cluster.max_connections = 2;
  h.cluster.max_pending_requests = 1;
  h.gather(4);
  EXPECT_EQ(h.seen, 2u) << "the third waits, the fourth may not";
  EXPECT_EQ(h.refused(), 1u);
  EXPECT_EQ(h.runtime->sum(&cluster::Stats::upstream_rq_pending_overflow), 1u);
  EXPECT_GE(h.runtime->sum(&cluster::Stats::upstream_cx_overflow), 1u);
  h.origins[0]->send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  h.settle();
  EXPECT_EQ(h.seen, 3u) << "it gets the connection that is free";
}

TEST(Limit, MaxRetries) {
  Harness h;
  h.cluster.max_retries = 1;
  h.action.retry.on = retry::k5xx;
  h.action.retry.base_interval = base::seconds(100);
  h.start();
  h.origin = [](Peer& peer, const std::string&) { peer.send("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"); };
  for (int i = 0; i < 2; ++i) {
    h.connect_client().send("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
    h.settle();
  }
  EXPECT_EQ(h.runtime->retries_in_flight(), 1u);
  EXPECT_EQ(parse_reply(h.clients[1]->received).status, 503);
  EXPECT_EQ(h.worker->records(0).at(0).ledger.at(1).decision, Decision::kBreakerFull);
  EXPECT_EQ(h.runtime->sum(&cluster::Stats::upstream_rq_retry_overflow), 1u);
}

TEST(Limit, ReplayLimit) {
  for (size_t over : {0u, 1u}) {
    Harness h;
    h.action.retry.on = retry::k5xx;
    h.action.retry.retries = 1;
    h.action.settings.replay_limit_bytes = 1000;
    h.start();
    int seen = 0;
    h.origin = [&](Peer& peer, const std::string&) {
      ++seen;
      peer.received.clear();
      peer.on_bytes = nullptr;
      peer.send(seen == 1 ? "HTTP/1.1 503 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
                          : "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    };
    Peer& client = h.connect_client();
    client.send(fmt::format("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n\r\n{}", 1000 + over,
                            std::string(1000 + over, 'x')));
    h.advance(base::seconds(1));
    EXPECT_EQ(parse_reply(client.received).status, over != 0 ? 503 : 200);
    EXPECT_EQ(h.runtime->sum(&cluster::Stats::retry_or_shadow_abandoned), over);
    EXPECT_EQ(h.at_rest(), "");
  }
}

// A millisecond before the time the connection lives, at it it goes.
TEST(Limit, IdleTimes) {
  Harness h;
  h.listener.connection_idle_timeout_ms = 5000;
  h.cluster.upstream_idle_timeout_ms = 3000;
  h.start();
  Peer& client = h.connect_client();
  client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
  h.settle();
  h.advance(from_ms(2990));
  EXPECT_FALSE(h.origins[0]->ended());
  h.advance(from_ms(20));
  EXPECT_TRUE(h.origins[0]->ended());
  h.advance(from_ms(1970));
  EXPECT_FALSE(client.ended());
  h.advance(from_ms(40));
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(h.listener_stat(&ListenerStats::downstream_cx_idle_timeout), 1u);
}

TEST(Limit, RequestHeadTime) {
  Harness h;
  h.listener.request_head_timeout_ms = 1000;
  h.start();
  Peer& client = h.connect_client();
  client.send("GET / HT");
  h.settle();
  h.advance(from_ms(990));
  EXPECT_EQ(client.received, "");
  h.advance(from_ms(20));
  EXPECT_EQ(parse_reply(client.received).status, 408);
  EXPECT_EQ(h.worker->records(0).at(0).ledger.outcome, Decision::kLimitRequestHeadTimeout);
  EXPECT_EQ(h.listener_stat(&ListenerStats::downstream_rq_header_timeout), 1u);
}

TEST(Limit, DelayedClose) {
  Harness h;
  h.listener.delayed_close_timeout_ms = 500;
  h.start();
  Peer& client = h.connect_client();
  client.send("BAD\r\n\r\n");
  h.settle();
  EXPECT_EQ(parse_reply(client.received).status, 400);
  h.advance(from_ms(490));
  EXPECT_EQ(h.listener_stat(&ListenerStats::downstream_cx_active), 1u) << "it reads on, so that the answer survives";
  h.advance(from_ms(20));
  EXPECT_EQ(h.listener_stat(&ListenerStats::downstream_cx_active), 0u);
}

} // namespace
} // namespace kgw::test
