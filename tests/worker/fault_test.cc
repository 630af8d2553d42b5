// Faults of origins and clients, one kind after the other, with the invariants checked at rest each time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "worker/harness.h"

namespace kgw::test {
namespace {

using base::from_ms;
using base::seconds;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nhost: test\r\n\r\n";
constexpr std::string_view kPost = "POST /a HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n0123456789";
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

const exchange::Ledger last_ledger(const Harness& h) { return h.worker->records(1).at(0).ledger; }

TEST(Fault, ARefusedConnectionIsUF) {
  Harness h;
  h.action.retry.on = retry::kConnectFailure;
  h.action.retry.retries = 2;
  h.start();
  h.network->answer(*net::parse_address("10.0.0.1", 80), Answer::kRefuse);
  Peer& client = h.connect_client();
  client.send(kGet);
  h.advance(seconds(1));
  EXPECT_EQ(parse_reply(client.received).status, 503);
  EXPECT_EQ(last_ledger(h).flags.text(), "URX,UF");
  EXPECT_EQ(last_ledger(h).attempts, 3u);
  EXPECT_EQ(h.at_rest(), "");
}

// The per-try timer does not cover connecting (as Envoy), the connect timeout and the global one do.
TEST(Fault, ABlackHoleIsEndedByTheConnectTimeout) {
  Harness h;
  h.action.retry.on = retry::kConnectFailure;
  h.action.retry.per_try_timeout = from_ms(100);
  h.action.retry.retries = 1;
  h.cluster.connect_timeout_ms = 2000;
  h.start();
  h.network->answer(*net::parse_address("10.0.0.1", 80), Answer::kBlackHole);
  Peer& client = h.connect_client();
  client.send(kGet);
  h.advance(from_ms(3900));
  EXPECT_EQ(client.received, "");
  h.advance(from_ms(300));
  EXPECT_EQ(parse_reply(client.received).status, 503);
  EXPECT_EQ(last_ledger(h).flags.text(), "URX,UF");
  EXPECT_EQ(h.at_rest(), "");
}

TEST(Fault, ABlackHoleIsEndedByTheGlobalTimeout) {
  Harness h;
  h.action.timeout = seconds(1);
  h.start();
  h.network->answer(*net::parse_address("10.0.0.1", 80), Answer::kBlackHole);
  Peer& client = h.connect_client();
  client.send(kGet);
  h.advance(seconds(1));
  EXPECT_EQ(parse_reply(client.received).status, 504);
  h.advance(seconds(10));
  EXPECT_EQ(h.at_rest(), "");
}

// A close or a reset behind every byte of the answer's head: 503 UC before its first byte, 502 UPE inside it, and
// nothing of the head gets to the client.
TEST(Fault, ACutInsideTheHead) {
  constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nx-secret: 1\r\ncontent-length: 2\r\n\r\n";
  for (size_t at = 0; at < kHead.size(); ++at) {
    for (bool reset : {false, true}) {
      Harness h;
      h.start();
      h.origin = [&](Peer& peer, const std::string&) {
        peer.send(kHead.substr(0, at));
        peer.close(false);
      };
      if (reset) {
        h.network->plan = [&](size_t, const net::Address& to) {
          LinkFaults faults;
          if (to.host() == "10.0.0.1") faults.to_client.reset_at = at;
          return faults;
        };
        h.origin = [&](Peer& peer, const std::string&) { peer.send(kHead); };
      }
      Peer& client = h.connect_client();
      client.send(kGet);
      h.settle();
      Reply answer = parse_reply(client.received);
      ASSERT_TRUE(answer.complete) << at;
      ASSERT_EQ(answer.status, at == 0 ? 503 : 502) << at << (reset ? " reset" : " close");
      ASSERT_EQ(client.received.find("x-secret"), std::string::npos);
      ASSERT_EQ(last_ledger(h).flags.text(), at == 0 ? "UC" : "UPE");
      ASSERT_EQ(h.at_rest(), "");
    }
  }
}

// Behind the head: a visible cut, no retry, no clean end.
TEST(Fault, ACutInsideTheBody) {
  struct Case {
    std::string_view head, body;
  };
  constexpr Case kCases[] = {
      {"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", "123456789"},
      {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n"},
  };
  for (const Case& c : kCases) {
    for (size_t at = 0; at < c.body.size(); ++at) {
      for (bool reset : {false, true}) {
        Harness h;
        h.action.retry.on = retry::k5xx | retry::kReset;
        h.action.retry.retries = 3;
        h.start();
        h.network->plan = [&](size_t, const net::Address& to) {
          LinkFaults faults;
          if (to.host() == "10.0.0.1")
            (reset ? faults.to_client.reset_at : faults.to_client.finish_at) = c.head.size() + at;
          return faults;
        };
        h.origin = [&](Peer& peer, const std::string&) { peer.send(fmt::format("{}{}", c.head, c.body)); };
        Peer& client = h.connect_client();
        client.send(kGet);
        h.settle();
        h.advance(seconds(2));
        Reply answer = parse_reply(client.received);
        ASSERT_TRUE(client.ended());
        ASSERT_FALSE(answer.complete) << at << ": " << client.received;
        ASSERT_FALSE(client.received.ends_with("0\r\n\r\n"));
        ASSERT_EQ(last_ledger(h).attempts, 1u);
        ASSERT_EQ(last_ledger(h).outcome, exchange::Decision::kResponseCut);
        ASSERT_EQ(h.at_rest(), "");
      }
    }
  }
}

// A route's own, instead of its listener's; zero is none.
TEST(Fault, SilenceOfARouteWithItsOwnLimit) {
  for (int64_t own_ms : {int64_t{250}, int64_t{0}}) {
    Harness h;
    h.listener.stream_idle_timeout_ms = 1000;
    h.action.timeout = Duration{};
    h.action.stream_idle = from_ms(own_ms);
    h.start();
    h.origin = [](Peer&, const std::string&) {};
    Peer& client = h.connect_client();
    client.send("GET /a HTTP/1.1\r\nhost: test\r\n\r\n");
    h.advance(from_ms(249));
    EXPECT_EQ(client.received, "");
    h.advance(from_ms(2));
    EXPECT_EQ(parse_reply(client.received).status, own_ms == 0 ? 0 : 504);
    if (own_ms == 0) {
      h.advance(base::seconds(3600));
      EXPECT_EQ(client.received, "");
      client.close();
      h.settle();
    }
    EXPECT_EQ(h.at_rest(), "");
  }
}

// Slow is not broken: under the limits every byte arrives, although both sides take longer than any silence may last.
TEST(Fault, ASlowDripPassesAndItsTimersAreSeparate) {
  Harness h;
  h.listener.stream_idle_timeout_ms = 1000;
  h.action.timeout = Duration{};
  h.start();
  Peer* far = nullptr;
  std::string seen;
  h.origin = [&](Peer& peer, const std::string&) {
    far = &peer;
    peer.on_bytes = nullptr;
  };
  Peer& client = h.connect_client();
  client.send("POST /a HTTP/1.1\r\nhost: test\r\ncontent-length: 200\r\n\r\n");
  h.settle();
  for (int i = 0; i < 200; ++i) {
    client.send("x");
    h.advance(from_ms(10));
  }
  ASSERT_NE(far, nullptr);
  EXPECT_EQ(far->received, std::string(200, 'x'));
  std::string answer = "HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n" + std::string(200, 'y');
  for (char byte : answer) {
    far->send({&byte, 1});
    h.advance(from_ms(10));
  }
  EXPECT_TRUE(parse_reply(client.received).complete);
  EXPECT_EQ(h.at_rest(), "");
}

TEST(Fault, AHeadThatDripsIsEndedByItsTotalTime) {
  Harness h;
  h.listener.request_head_timeout_ms = 1000;
  h.start();
  Peer& client = h.connect_client();
  for (int i = 0; i < 12; ++i) {
    client.send("G");
    h.advance(from_ms(100));
  }
  EXPECT_EQ(parse_reply(client.received).status, 408);
  h.advance(seconds(2));
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(h.at_rest(), "");
}

// RFC 9112 9.6 and Envoy: the origin's FIN behind its answer loses nothing; a client's FIN means that it is gone.
TEST(Fault, HalfCloses) {
  Harness h;
  h.start();
  h.origin = [](Peer& peer, const std::string&) {
    peer.send(kOk);
    peer.transport()->shutdown_write();
  };
  Peer& client = h.connect_client();
  for (int i = 0; i < 2; ++i) {
    client.received.clear();
    client.send(kGet);
    h.settle();
    EXPECT_EQ(parse_reply(client.received).body, "ok");
  }
  EXPECT_EQ(h.origins.size(), 2u);
  EXPECT_EQ(h.at_rest(), "");

  Harness gone;
  gone.start();
  gone.origin = [](Peer&, const std::string&) {};
  Peer& leaver = gone.connect_client();
  leaver.send(kGet);
  gone.settle();
  leaver.transport()->shutdown_write();
  gone.settle();
  EXPECT_EQ(last_ledger(gone).flags.text(), "DC");
  EXPECT_TRUE(gone.origins[0]->ended()) << "the attempt is cancelled";
  EXPECT_EQ(gone.at_rest(), "");
}

// A hostile origin: 502, and its connection carries nothing any more.
TEST(Fault, ABrokenAnswerIs502AndItsConnectionIsDropped) {
  const std::string long_head = "HTTP/1.1 200 OK\r\nx: " + std::string(70'000, 'x') + "\r\n\r\n";
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 101; ++i) many += "x: 1\r\n";
  const std::string_view answers[] = {
      "garbage\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok",
      "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 2\r\n\r\nok",
      "HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
      "HTTP/1.1 204 No\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      long_head,
      many,
  };
  for (std::string_view bytes : answers) {
    Harness h;
    h.start();
    h.origin = [&](Peer& peer, const std::string&) { peer.send(h.origins.size() == 1 ? bytes : kOk); };
    Peer& client = h.connect_client();
    client.send(kGet);
    h.settle();
    Reply answer = parse_reply(client.received);
    ASSERT_EQ(answer.status, 502) << bytes.substr(0, 60);
    ASSERT_EQ(last_ledger(h).flags.text(), "UPE");
    client.received.clear();
    client.send(kGet);
    h.settle();
    ASSERT_EQ(parse_reply(client.received).body, "ok");
    ASSERT_EQ(h.origins.size(), 2u) << "not on the connection of the broken answer";
    ASSERT_EQ(h.at_rest(), "");
  }
}

// Response queue poisoning (RFC 9112 6.3, 9.2): what an origin sends unasked is nobody's answer.
TEST(Fault, BytesBehindAnAnswerAreNobodysAnswer) {
  for (bool together : {true, false}) {
    Harness h;
    h.start();
    h.origin = [&](Peer& peer, const std::string&) {
      peer.send(kOk);
      if (h.origins.size() == 1 && together) peer.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
    };
    Peer& client = h.connect_client();
    client.send(kGet);
    h.settle();
    if (!together) h.origins[0]->send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
    client.send(kGet);
    h.settle();
    Reply first = parse_reply(client.received);
    EXPECT_EQ(first.body, "ok");
    EXPECT_EQ(parse_reply(std::string_view(client.received).substr(first.bytes)).body, "ok");
    EXPECT_EQ(h.origins.size(), 2u);
    EXPECT_EQ(h.at_rest(), "");
  }
}

TEST(Fault, AStormOfInterimAnswersIsBoundedAndTimersRunOn) {
  Harness storm;
  storm.start();
  storm.origin = [](Peer& peer, const std::string&) {
    std::string many;
    for (int i = 0; i < 65; ++i) many += "HTTP/1.1 102 Processing\r\n\r\n";
    peer.send(many + std::string(kOk));
  };
  Peer& client = storm.connect_client();
  client.send(kGet);
  storm.settle();
  EXPECT_EQ(parse_reply(client.received.substr(client.received.rfind("HTTP/1.1"))).status, 502);
  EXPECT_EQ(storm.at_rest(), "");

  Harness silent;
  silent.action.timeout = seconds(3);
  silent.start();
  silent.origin = [](Peer& peer, const std::string&) { peer.send("HTTP/1.1 103 Early Hints\r\n\r\n"); };
  Peer& waiting = silent.connect_client();
  waiting.send(kGet);
  silent.advance(seconds(3));
  EXPECT_EQ(parse_reply(waiting.received.substr(waiting.received.rfind("HTTP/1.1"))).status, 504);
  EXPECT_EQ(silent.at_rest(), "");
}

// An answer before the body is there: it is delivered, the upload stops, the connection closes.
TEST(Fault, AnEarlyAnswerStopsTheUpload) {
  Harness h;
  h.start();
  h.origin = [](Peer& peer, const std::string&) { peer.send("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno"); };
  Peer& client = h.connect_client();
  client.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 100000000\r\n\r\n" + std::string(500'000, 'x'));
  h.settle();
  client.send(std::string(500'000, 'x'));
  h.settle();
  Reply answer = parse_reply(client.received);
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body, "no");
  EXPECT_NE(answer.head.find("connection: close"), std::string::npos);
  EXPECT_TRUE(h.origins[0]->ended());
  h.advance(seconds(2));
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(h.at_rest(), "");
}

// A client that leaves at any point costs nothing from the same turn on.
TEST(Fault, AClientThatLeaves) {
  enum class When { kHead, kBody, kWaiting, kBackoff, kResponse };
  for (When when : {When::kHead, When::kBody, When::kWaiting, When::kBackoff, When::kResponse}) {
    for (bool reset : {false, true}) {
      Harness h;
      h.action.retry.on = retry::k5xx;
      h.action.retry.base_interval = seconds(100);
      h.action.retry.max_interval = seconds(1000);
      h.start();
      h.origin = [&](Peer& peer, const std::string&) {
        if (when == When::kBackoff) peer.send("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
        if (when == When::kResponse) peer.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart");
      };
      Peer& client = h.connect_client();
      client.send(when == When::kHead   ? kGet.substr(0, 20)
                  : when == When::kBody ? kPost.substr(0, kPost.size() - 3)
                                        : kGet);
      h.settle();
      client.close(reset);
      h.settle();
      ASSERT_EQ(h.at_rest(), "") << static_cast<int>(when);
      if (when == When::kHead) {
        ASSERT_TRUE(h.origins.empty());
        ASSERT_TRUE(h.worker->records(0).empty());
      } else {
        ASSERT_EQ(last_ledger(h).flags.text(), "DC") << static_cast<int>(when);
        ASSERT_TRUE(when == When::kBackoff || h.origins[0]->ended()) << "the origin sees the cancel";
      }
    }
  }
}

// The end of an answer may come in the same read as what made its client slow: the connection is not left paused.
TEST(Fault, AnAnswerThatEndsWhileItIsPausedLeavesItsConnectionReading) {
  Harness h;
  h.listener.buffer_bytes = 4096;
  h.start();
  const std::string body(20'000, 'd');
  h.origin = [&](Peer& peer, const std::string&) {
    peer.send(
        fmt::format("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n", body.size(), body));
  };
  h.network->faults.to_client.capacity = 1000;
  Peer& client = h.connect_client();
  h.network->faults = {};
  for (int i = 0; i < 2; ++i) {
    h.network->stall(0, Direction::kToClient, true);
    client.send(kGet);
    h.settle();
    h.network->stall(0, Direction::kToClient, false);
    h.settle();
    EXPECT_EQ(parse_reply(client.received).body.size(), body.size()) << i;
    client.received.clear();
  }
  EXPECT_EQ(h.origins.size(), 1u);
  h.origins[0]->close();
  h.settle();
  EXPECT_EQ(h.runtime->sum(&cluster::Stats::upstream_cx_active), 0u) << "its end is seen";
  EXPECT_EQ(h.at_rest(), "");
}

TEST(Fault, WithoutALimitOfSilenceASlowReaderGetsAllOfItsAnswer) {
  Harness h;
  h.listener.stream_idle_timeout_ms = 0;
  h.start();
  h.origin = [](Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 500000\r\n\r\n" + std::string(500'000, 'd'));
  };
  Peer& client = h.connect_client();
  h.network->stall(0, Direction::kToClient, true);
  client.send(kGet);
  h.advance(seconds(100));
  h.network->stall(0, Direction::kToClient, false);
  h.settle();
  EXPECT_EQ(parse_reply(client.received).body.size(), 500'000u);
  EXPECT_EQ(h.at_rest(), "");
}

// A client that reads nothing: the origin is paused, memory is flat, and the flush timer ends it.
TEST(Fault, AClientThatStopsReadingIsGivenUp) {
  Harness h;
  h.listener.stream_idle_timeout_ms = 30'000;
  h.action.timeout = {};
  h.start();
  h.origin = [](Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 20971520\r\n\r\n" + std::string(20 << 20, 'd'));
  };
  Peer& client = h.connect_client();
  h.network->stall(0, Direction::kToClient, true);
  client.send(kGet);
  h.settle();
  size_t chunks = h.worker->chunks_in_use();
  EXPECT_LT(chunks * base::Chunk::kBytes, size_t{2} << 20);
  h.advance(seconds(29));
  EXPECT_EQ(h.worker->chunks_in_use(), chunks);
  EXPECT_EQ(h.worker->records(0).size(), 0u);
  h.advance(seconds(62));
  EXPECT_EQ(last_ledger(h).flags.text(), "SI");
  EXPECT_TRUE(h.origins[0]->ended());
  EXPECT_EQ(h.at_rest(), "");
}

// An answer that fits into our buffers, and that the client never takes, is bounded by the same time.
TEST(Fault, AnAnswerThatNobodyReadsDoesNotHoldTheConnection) {
  Harness h;
  h.listener.stream_idle_timeout_ms = 30'000;
  h.start();
  h.origin = [](Peer& peer, const std::string&) {
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 500000\r\n\r\n" + std::string(500'000, 'd'));
  };
  Peer& client = h.connect_client();
  h.network->stall(0, Direction::kToClient, true);
  client.send(kGet);
  h.settle();
  EXPECT_EQ(h.listener_stat(&proxy::ListenerStats::downstream_rq_active), 0u);
  EXPECT_EQ(h.listener_stat(&proxy::ListenerStats::downstream_cx_active), 1u);
  h.advance(seconds(62));
  EXPECT_EQ(h.listener_stat(&proxy::ListenerStats::downstream_cx_active), 0u);
  EXPECT_EQ(h.at_rest(), "");
}

// A worker that stood still for two seconds fires what is due once each: no burst of retries.
TEST(Fault, AWorkerThatStalledRetriesOnce) {
  Harness h;
  h.action.retry.on = retry::k5xx;
  h.action.retry.retries = 50;
  h.action.retry.per_try_timeout = from_ms(100);
  h.action.timeout = seconds(60);
  h.start();
  int seen = 0;
  h.origin = [&](Peer&, const std::string&) { ++seen; };
  Peer& client = h.connect_client();
  client.send(kGet);
  h.settle();
  ASSERT_EQ(seen, 1);
  h.loop->jump(seconds(2));
  h.settle();
  EXPECT_LE(seen, 2);
  client.close();
  h.settle();
  EXPECT_EQ(h.at_rest(), "");
}

} // namespace
} // namespace kgw::test
