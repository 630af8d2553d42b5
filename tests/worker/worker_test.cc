#include <fmt/format.h>
#include <gtest/gtest.h>

#include "worker/harness.h"
#include "worker/tape.h"

namespace kgw::test {
namespace {

using base::from_ms;

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nhost: test\r\n\r\n"; }

TEST(Worker, ForwardsAKeepAliveRequest) {
  Harness h;
  h.start();
  Peer& client = h.connect_client();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/a"));
    h.settle();
    Reply answer = parse_reply(client.received);
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.complete);
    EXPECT_EQ(answer.body, "/a");
    client.received.clear();
  }
  EXPECT_EQ(h.origins.size(), 1u) << "the connection is reused";
  EXPECT_EQ(h.at_rest(), "");
}

// The system calls of a relay and no others: the client's and the origin's two are counted too.
TEST(Worker, AKeepAliveRequestCostsTheRelaysCalls) {
  Harness h;
  h.start();
  Peer& client = h.connect_client();
  auto one = [&] {
    client.send(get("/a"));
    h.settle();
    client.received.clear();
  };
  for (int i = 0; i < 10; ++i) one();
  Calls before = h.network->calls;
  for (int i = 0; i < 1000; ++i) one();
  EXPECT_EQ(h.network->calls.reads - before.reads, 4000u);
  EXPECT_EQ(h.network->calls.writes - before.writes, 4000u);
  EXPECT_EQ(h.network->calls.total() - before.total(), 8000u);
}

TEST(Worker, PipelinedRequestsAreAnsweredInOrder) {
  Harness h;
  h.start();
  Peer& client = h.connect_client();
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += get(fmt::format("/{}", i));
  client.send(requests);
  h.settle();
  std::string_view rest = client.received;
  for (int i = 0; i < 20; ++i) {
    Reply answer = parse_reply(rest);
    ASSERT_TRUE(answer.complete) << i;
    EXPECT_EQ(answer.body, fmt::format("/{}", i));
    rest.remove_prefix(answer.bytes);
  }
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(h.at_rest(), "");
}

TEST(Worker, PipelinedRequestsOverTheTurnsShareWaitForTheNext) {
  for (uint64_t requests : {4u, 5u}) {
    Harness h;
    h.listener.requests_per_turn = 4;
    h.action.kind = snapshot::ActionKind::kDirect; // answered at once, so that a turn can hold several
    h.action.status = 200;
    h.start();
    Peer& client = h.connect_client();
    std::string text;
    for (uint64_t i = 0; i < requests; ++i) text += get("/a");
    client.send(text);
    h.settle();
    std::string_view rest = client.received;
    for (uint64_t i = 0; i < requests; ++i) {
      Reply answer = parse_reply(rest);
      ASSERT_TRUE(answer.complete) << i;
      rest.remove_prefix(answer.bytes);
    }
    EXPECT_EQ(h.listener_stat(&proxy::ListenerStats::limit_requests_per_turn), requests - 4);
    EXPECT_EQ(h.at_rest(), "");
  }
}

TEST(Worker, TheLastRequestOfAConnectionIsToldSo) {
  Harness h;
  h.listener.requests_per_connection = 3;
  h.start();
  Peer& client = h.connect_client();
  for (int i = 1; i <= 3; ++i) {
    client.received.clear();
    client.send(get("/a"));
    h.settle();
    Reply answer = parse_reply(client.received);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.head.find("connection: close") != std::string::npos, i == 3) << i;
    EXPECT_EQ(client.ended(), i == 3) << i;
  }
  EXPECT_EQ(h.listener_stat(&proxy::ListenerStats::downstream_cx_max_requests_reached), 1u);
}

// RFC 9110 7.6.1, 15.2.
TEST(Worker, AnInterimHeadLosesWhatBelongsToTheConnection) {
  Harness h;
  h.start();
  h.origin = [](Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 103 Early Hints\r\nconnection: x-hop\r\nx-hop: 1\r\nlink: </a>\r\n\r\n"
              "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  };
  Peer& client = h.connect_client();
  client.send(get("/a"));
  h.settle();
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"))
      << client.received;
  EXPECT_EQ(h.at_rest(), "");
}

TEST(Worker, AnInterimHeadThatNamesItsFramingIsABrokenResponse) {
  Harness h;
  h.start();
  h.origin = [](Peer& peer, const std::string&) {
    peer.send(
        "HTTP/1.1 103 Early Hints\r\nconnection: content-length\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  };
  Peer& client = h.connect_client();
  client.send(get("/a"));
  h.settle();
  EXPECT_EQ(parse_reply(client.received).status, 502);
  EXPECT_EQ(h.at_rest(), "");
}

TEST(Worker, RetriesAReset) {
  Harness h;
  h.action.retry.on = retry::kReset;
  h.action.retry.retries = 3;
  h.start();
  int seen = 0;
  auto good = h.origin;
  h.origin = [&](Peer& peer, const std::string& head) { ++seen < 3 ? peer.close(true) : good(peer, head); };
  Peer& client = h.connect_client();
  client.send(get("/x"));
  h.advance(base::seconds(1));
  EXPECT_EQ(parse_reply(client.received).status, 200);
  EXPECT_EQ(seen, 3);
  auto records = h.worker->records(0);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].ledger.attempts, 3u);
  EXPECT_EQ(records[0].ledger.at(1).reset, retry::Reason::kConnectionTermination);
  EXPECT_EQ(records[0].ledger.at(3).decision, exchange::Decision::kForwarded);
  EXPECT_EQ(h.at_rest(), "");
}

TEST(Worker, ASlowAnswerIs504AtThePerTryTimeoutInVirtualTime) {
  Harness h;
  h.action.retry.on = retry::kConnectFailure;
  h.action.retry.per_try_timeout = base::seconds(5);
  h.start();
  h.origin = [](Peer&, const std::string&) {};
  Peer& client = h.connect_client();
  client.send(get("/x"));
  h.settle();
  h.advance(base::seconds(5) - from_ms(1));
  EXPECT_EQ(client.received, "");
  h.advance(from_ms(1));
  Reply answer = parse_reply(client.received);
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.body, "upstream request timeout");
  EXPECT_EQ(h.at_rest(), "");
}

TEST(Worker, AClientThatLeavesCancelsABackoffAtOnce) {
  Harness h;
  h.action.retry.on = retry::k5xx;
  h.action.retry.base_interval = base::seconds(100);
  h.start();
  h.origin = [](Peer& peer, const std::string&) { peer.send("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"); };
  Peer& client = h.connect_client();
  client.send(get("/x"));
  h.settle();
  EXPECT_EQ(h.runtime->retries_in_flight(), 1u);
  client.close();
  h.settle();
  EXPECT_EQ(h.runtime->retries_in_flight(), 0u);
  EXPECT_EQ(h.worker->records(0).at(0).ledger.flags.text(), "DC");
  EXPECT_EQ(h.at_rest(), "");
}

TEST(Worker, ABodyIsReplayedByteForByte) {
  Harness h;
  h.action.retry.on = retry::k5xx;
  h.action.retry.retries = 3;
  h.start();
  std::string body(100'000, 'b');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
  std::vector<std::string> bodies;
  // The whole message is taken off the connection, which is then good for the next attempt.
  auto on_bytes = [&](Peer& peer) {
    auto head = peer.received.find("\r\n\r\n");
    if (head == std::string::npos || peer.received.size() < head + 4 + body.size()) return;
    bodies.push_back(peer.received.substr(head + 4));
    peer.received.clear();
    peer.send(bodies.size() < 3 ? "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"
                                : "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  };
  h.origin = [&](Peer& peer, const std::string& head) {
    peer.received.insert(0, head);
    peer.on_bytes = on_bytes;
    on_bytes(peer);
  };
  Peer& client = h.connect_client();
  client.send(fmt::format("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n\r\n{}", body.size(), body));
  h.advance(base::seconds(1));
  EXPECT_EQ(parse_reply(client.received).status, 200);
  ASSERT_EQ(bodies.size(), 3u);
  for (const std::string& sent : bodies) EXPECT_TRUE(sent == body);
  EXPECT_EQ(h.at_rest(), "");
}

TEST(Worker, ASlowReaderPausesTheOriginAndMemoryStaysBounded) {
  Harness h;
  h.start();
  const std::string piece(64 * 1024, 'd');
  h.origin = [&](Peer& peer, const std::string&) {
    std::string answer = "HTTP/1.1 200 OK\r\ncontent-length: 20971520\r\n\r\n";
    for (int i = 0; i < 320; ++i) answer += piece;
    peer.send(answer);
  };
  Peer& client = h.connect_client();
  h.network->stall(0, Direction::kToClient, true);
  client.send(get("/big"));
  h.settle();
  EXPECT_LT(h.worker->chunks_in_use() * base::Chunk::kBytes, size_t{2} << 20);
  h.network->stall(0, Direction::kToClient, false);
  h.settle();
  EXPECT_EQ(parse_reply(client.received).body.size(), size_t{20971520});
  EXPECT_EQ(h.at_rest(), "");
}

// A seeded schedule of cuts, short reads and writes, resets and early closes on both sides. Every request gets one
// whole answer of its own, or a visible end; and nothing is left behind.
class Seeds : public testing::TestWithParam<int> {};

TEST_P(Seeds, EveryRequestEndsOnceAndNothingLeaks) {
  size_t retries = 0;
  for (uint64_t seed = static_cast<uint64_t>(GetParam()) * 1000 + 1;
       seed <= static_cast<uint64_t>(GetParam()) * 1000 + 100; ++seed) {
    base::Random random(seed);
    Harness h(seed);
    h.action.retry.on = random.below(2) == 0 ? retry::k5xx | retry::kConnectFailure : 0;
    h.action.retry.per_try_timeout = random.below(2) == 0 ? from_ms(200) : Duration{};
    h.start();
    Tape tape;
    tape.record(*h.worker);
    h.network->plan = [&](size_t, const net::Address& to) {
      LinkFaults faults;
      faults.to_client.seed = faults.to_server.seed = 1 + random.below(1'000'000);
      if (random.below(5) == 0 && to.host() == "10.0.0.1") {
        (random.below(2) == 0 ? faults.to_client.reset_at : faults.to_client.finish_at) = random.below(300);
      }
      return faults;
    };
    h.origin = [&](Peer& peer, const std::string& head) {
      std::string path = head.substr(head.find(' ') + 1);
      path.resize(path.find(' '));
      switch (random.below(8)) {
      case 0: return peer.close(true);
      case 1: return peer.close(false);
      case 2: return peer.send("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
      case 3: return peer.send("garbage\r\n\r\n");
      case 4: return; // stalls
      case 5:
        return peer.send(fmt::format("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                                     path.size(), path));
      default: return peer.send(fmt::format("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", path.size(), path));
      }
    };
    std::vector<std::pair<Peer*, std::string>> sent;
    for (int i = 0; i < 12; ++i) {
      Peer& client = h.connect_client();
      std::string path = fmt::format("/{}/{}", seed, i);
      bool with_body = random.below(3) == 0;
      std::string body(random.below(40'000), 'q');
      client.send(with_body ? fmt::format("POST {} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n\r\n{}", path,
                                          body.size(), body)
                            : get(path));
      sent.emplace_back(&client, path);
      if (random.below(6) == 0) client.close(random.below(2) == 0);
      h.advance(Duration(static_cast<int64_t>(random.below(50'000'000))));
    }
    // Longer than stream_idle_timeout_ms: a request whose first attempt failed while its body arrived has no global
    // timer (as Envoy).
    h.advance(base::seconds(400));
    for (auto& [client, path] : sent) {
      if (client->transport() == nullptr) continue; // it left
      Reply answer = parse_reply(client->received);
      ASSERT_TRUE(answer.complete || client->ended())
          << "seed " << seed << " " << path << ": neither answered nor cut: " << client->received;
      if (answer.complete && answer.status == 200) {
        ASSERT_EQ(answer.body, path) << "seed " << seed << ": I3";
      }
      ASSERT_EQ(client->received.size(), answer.complete ? answer.bytes : client->received.size())
          << "seed " << seed << ": a second answer";
    }
    ASSERT_EQ(h.at_rest(), "") << "seed " << seed;
    // One machine: what the live proxy was answered, a fresh machine answers again.
    ASSERT_EQ(tape.replay(), "") << "seed " << seed;
    ASSERT_GE(tape.size(), 12u);
    retries += tape.retries();
  }
  EXPECT_GT(retries, 100u) << "the tapes hold what they are for";
}

INSTANTIATE_TEST_SUITE_P(, Seeds, testing::Range(0, 5));

} // namespace
} // namespace kgw::test
