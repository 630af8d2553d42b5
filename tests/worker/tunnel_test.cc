// Upgrade and CONNECT: bytes stay HTTP until the origin has switched (RFC 9110 7.8, 9.3.6).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "worker/harness.h"

namespace kgw::test {
namespace {

using base::from_ms;
using proxy::ListenerStats;

constexpr std::string_view kAsk =
    "GET /chat HTTP/1.1\r\nhost: test\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n"
    "sec-websocket-key: abc\r\n\r\n";
constexpr std::string_view kSwitch = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: WebSocket\r\n"
                                     "sec-websocket-accept: def\r\n\r\n";

// The origin's connection keeps what comes behind the head in `received`.
struct Tunnel : Harness {
  Peer* far = nullptr;
  std::string asked; // the head as the origin got it
  Peer* client = nullptr;

  void open(std::string_view request, std::string_view answer) {
    origin = [this, answer](Peer& peer, const std::string& head) {
      far = &peer;
      asked = head;
      peer.on_bytes = nullptr;
      peer.send(answer);
    };
    client = &connect_client();
    client->send(request);
    settle();
  }
};

TEST(Tunnel, OpensWithTheOrigins101AndCarriesBytesBothWays) {
  Tunnel t;
  t.start();
  t.open(kAsk, kSwitch);
  EXPECT_NE(t.asked.find("connection: upgrade\r\nupgrade: websocket\r\n"), std::string::npos) << t.asked;
  EXPECT_EQ(t.asked.find("content-length"), std::string::npos);
  EXPECT_EQ(t.asked.find("transfer-encoding"), std::string::npos);
  EXPECT_EQ(t.client->received,
            "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: def\r\nconnection: upgrade\r\n"
            "upgrade: WebSocket\r\n\r\n");
  t.client->received.clear();
  // Not HTTP, and nothing of it is read as HTTP.
  std::string up = "\x81\x85GET / HTTP/1.1\r\n\r\n", down(200'000, '\0');
  for (int i = 0; i < 3; ++i) {
    t.client->send(up);
    t.far->send(down);
    t.settle();
    EXPECT_EQ(t.far->received, up);
    EXPECT_TRUE(t.client->received == down);
    t.far->received.clear();
    t.client->received.clear();
  }
  EXPECT_EQ(t.listener_stat(&ListenerStats::downstream_cx_upgrades_active), 1u);
  t.far->close();
  t.advance(base::seconds(2));
  EXPECT_TRUE(t.client->ended());
  const exchange::Ledger ledger = t.worker->records(0).at(0).ledger;
  EXPECT_EQ(ledger.status, 101);
  EXPECT_EQ(ledger.flags.text(), "-");
  EXPECT_EQ(ledger.bytes_received, 3 * up.size());
  EXPECT_EQ(ledger.bytes_sent, 3 * down.size());
  EXPECT_EQ(t.listener_stat(&ListenerStats::downstream_cx_upgrades_active), 0u);
  EXPECT_EQ(t.listener_stat(&ListenerStats::downstream_cx_upgrades_total), 1u);
  EXPECT_EQ(t.at_rest(), "");
}

TEST(Tunnel, NoTimeoutOfTheRouteEndsIt) {
  Tunnel t;
  t.action.timeout = base::seconds(1);
  t.action.retry.on = retry::k5xx;
  t.action.retry.per_try_timeout = from_ms(500);
  t.start();
  t.open(kAsk, kSwitch);
  t.client->received.clear();
  t.advance(base::seconds(60));
  t.far->send("still there");
  t.settle();
  EXPECT_EQ(t.client->received, "still there");
  t.far->close();
  t.advance(base::seconds(2));
  EXPECT_EQ(t.at_rest(), "");
}

TEST(Tunnel, SilenceEndsIt) {
  Tunnel t;
  t.listener.stream_idle_timeout_ms = 60'000;
  t.start();
  t.open(kAsk, kSwitch);
  t.advance(base::seconds(59));
  EXPECT_FALSE(t.client->ended());
  t.advance(base::seconds(3));
  EXPECT_TRUE(t.client->ended());
  EXPECT_EQ(t.worker->records(0).at(0).ledger.flags.text(), "SI");
  EXPECT_EQ(t.at_rest(), "");
}

// Pingora CVE-2026-2833: what follows the request early must neither reach the origin before its 101 nor be lost.
TEST(Tunnel, BytesBehindTheRequestWaitForThe101) {
  Tunnel t;
  t.start();
  t.origin = [&t](Peer& peer, const std::string& head) {
    t.far = &peer;
    t.asked = head;
    peer.on_bytes = nullptr;
  };
  Peer& client = t.connect_client();
  client.send(std::string(kAsk) + "early");
  t.settle();
  client.send(" bytes");
  t.settle();
  EXPECT_EQ(t.far->received, "");
  t.far->send(kSwitch);
  t.settle();
  client.send(" and late ones");
  t.settle();
  EXPECT_EQ(t.far->received, "early bytes and late ones");
  t.far->close();
  t.advance(base::seconds(2));
  EXPECT_EQ(t.at_rest(), "");
}

// Envoy CVE-2024-23326: only 101 switches. What followed is the next request.
TEST(Tunnel, AnyOtherAnswerIsAnOrdinaryResponse) {
  Tunnel t;
  t.start();
  int seen = 0;
  t.origin = [&](Peer& peer, const std::string& head) {
    ++seen;
    t.asked = head;
    peer.send("HTTP/1.1 200 OK\r\nconnection: upgrade\r\nupgrade: websocket\r\ncontent-length: 2\r\n\r\nok");
  };
  Peer& client = t.connect_client();
  client.send(std::string(kAsk) + "GET /next HTTP/1.1\r\nhost: test\r\n\r\n");
  t.settle();
  Reply first = parse_reply(client.received);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.head.find("upgrade"), std::string::npos) << first.head;
  EXPECT_EQ(parse_reply(std::string_view(client.received).substr(first.bytes)).body, "ok");
  EXPECT_EQ(seen, 2);
  EXPECT_TRUE(t.asked.starts_with("GET /next ")) << t.asked;
  EXPECT_EQ(t.origins.size(), 1u) << "the connection is good for another request";
  EXPECT_EQ(t.at_rest(), "");
}

TEST(Tunnel, OnlyToWhatWasAskedFor) {
  struct Case {
    std::string_view request, answer;
  };
  constexpr std::string_view kPlain = "GET / HTTP/1.1\r\nhost: test\r\n\r\n";
  const Case cases[] = {
      {kPlain, kSwitch}, // RFC 9110 7.8: a server MUST NOT switch to what was not offered
      {kAsk, "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n"},
      {kAsk, "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\r\n"},
      // Not named by Connection, so it is not for us and does not go on.
      {"GET / HTTP/1.1\r\nhost: test\r\nupgrade: websocket\r\n\r\n", kSwitch},
      {"GET / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: "
       "AAMAAABkAAQAAP__\r\n\r\n",
       kSwitch},
      {"POST / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\ncontent-length: 1\r\n\r\nx",
       kSwitch},
  };
  for (const Case& c : cases) {
    Tunnel t;
    t.start();
    t.open(c.request, c.answer);
    EXPECT_EQ(parse_reply(t.client->received).status, 502) << c.request;
    EXPECT_EQ(t.asked.find("upgrade") != std::string::npos, c.request == kAsk) << t.asked;
    EXPECT_EQ(t.worker->records(0).at(0).ledger.flags.text(), "UPE");
    EXPECT_EQ(t.at_rest(), "");
  }
}

TEST(Tunnel, OtherProtocolsAndASwitchedOffOneAre403) {
  for (std::string_view protocol : {"foo", "websocket, foo", "TLS/1.2", "websocket"}) {
    Tunnel t;
    t.listener.accept_websocket = protocol == "websocket" ? 0 : 1;
    t.start();
    t.open(fmt::format("GET / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: {}\r\n\r\n", protocol),
           kSwitch);
    EXPECT_EQ(parse_reply(t.client->received).status, 403) << protocol;
    EXPECT_EQ(t.far, nullptr);
    EXPECT_EQ(t.worker->records(0).at(0).ledger.details.view(), "upgrade_failed");
    EXPECT_EQ(t.at_rest(), "");
  }
}

TEST(Tunnel, IsRetriedLikeAnyRequestBeforeIt) {
  Tunnel t;
  t.action.retry.on = retry::k5xx;
  t.action.retry.retries = 2;
  t.start();
  int seen = 0;
  t.origin = [&](Peer& peer, const std::string& head) {
    EXPECT_NE(head.find("upgrade: websocket\r\n"), std::string::npos);
    if (++seen < 3) return peer.send("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
    t.far = &peer;
    peer.on_bytes = nullptr;
    peer.send(kSwitch);
  };
  Peer& client = t.connect_client();
  client.send(std::string(kAsk) + "early");
  t.advance(base::seconds(1));
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 101 ")) << client.received;
  EXPECT_EQ(t.far->received, "early");
  EXPECT_EQ(t.worker->records(0).size(), 0u) << "it is open";
  t.far->close();
  t.advance(base::seconds(2));
  EXPECT_EQ(t.worker->records(0).at(0).ledger.attempts, 3u);
  EXPECT_EQ(t.at_rest(), "");
}

// RFC 9110 9.3.6: what came from the side that closed goes to the other one, then both close.
TEST(Tunnel, WhatTheClientSentBeforeItClosedArrives) {
  Tunnel t;
  t.start();
  t.open(kAsk, kSwitch);
  const std::string last(900'000, 'x');
  t.network->stall(1, Direction::kToServer, true);
  t.client->send(last);
  t.settle();
  t.client->transport()->shutdown_write();
  t.settle();
  EXPECT_LT(t.far->received.size(), last.size()) << "the rest waits in the gateway";
  t.network->stall(1, Direction::kToServer, false);
  t.settle();
  EXPECT_EQ(t.far->received.size(), last.size());
  EXPECT_TRUE(t.far->ended());
  EXPECT_FALSE(t.client->ended());
  t.far->send("bye");
  t.far->close();
  t.advance(base::seconds(2));
  EXPECT_TRUE(t.client->received.ends_with("bye"));
  EXPECT_TRUE(t.client->ended());
  EXPECT_EQ(t.at_rest(), "");
}

TEST(Tunnel, AnOriginThatStaysSilentBehindAClosedClientIsGivenUp) {
  Tunnel t;
  t.start();
  t.open(kAsk, kSwitch);
  t.client->transport()->shutdown_write();
  t.advance(from_ms(900));
  EXPECT_EQ(t.worker->records(0).size(), 0u);
  t.advance(from_ms(300));
  EXPECT_EQ(t.worker->records(0).at(0).ledger.flags.text(), "DC");
  EXPECT_EQ(t.at_rest(), "");
}

TEST(Tunnel, AResetOnEitherSideEndsBoth) {
  for (bool client_resets : {true, false}) {
    Tunnel t;
    t.start();
    t.open(kAsk, kSwitch);
    (client_resets ? t.client : t.far)->close(true);
    t.advance(base::seconds(2));
    EXPECT_TRUE((client_resets ? t.far : t.client)->ended());
    EXPECT_EQ(t.worker->records(0).at(0).ledger.flags.text(), client_resets ? "DC" : "UPE");
    EXPECT_EQ(t.at_rest(), "");
  }
}

TEST(Tunnel, ASlowSidePausesTheOther) {
  Tunnel t;
  t.start();
  t.open(kAsk, kSwitch);
  t.network->stall(0, Direction::kToClient, true);
  t.far->send(std::string(20 << 20, 'd'));
  t.settle();
  EXPECT_LT(t.worker->chunks_in_use() * base::Chunk::kBytes, size_t{2} << 20);
  t.network->stall(0, Direction::kToClient, false);
  t.settle();
  EXPECT_GT(t.client->received.size(), size_t{20} << 20);
  t.client->close(true);
  t.settle();
  EXPECT_EQ(t.at_rest(), "");
}

TEST(Tunnel, ADrainWaitsAndThenCuts) {
  Tunnel t;
  t.start();
  t.open(kAsk, kSwitch);
  t.worker->cut();
  t.settle();
  EXPECT_TRUE(t.client->ended());
  EXPECT_EQ(t.worker->records(0).at(0).ledger.flags.text(), "LR");
  EXPECT_EQ(t.at_rest(), "");
}

constexpr std::string_view kConnect = "CONNECT db.example:5432 HTTP/1.1\r\nhost: db.example:5432\r\n\r\n";

TEST(Tunnel, ConnectIs403UnlessAccepted) {
  Tunnel t;
  t.start();
  t.open(kConnect, "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(parse_reply(t.client->received).status, 403);
  EXPECT_EQ(t.far, nullptr);
}

TEST(Tunnel, ConnectOpensWithA2xx) {
  Tunnel t;
  t.listener.accept_connect = 1;
  t.start();
  // RFC 9110 9.3.6: framing fields of the 2xx are ignored.
  t.open(std::string(kConnect) + "early", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\ndata");
  EXPECT_TRUE(t.asked.starts_with("CONNECT db.example:5432 HTTP/1.1\r\nhost: db.example:5432\r\n")) << t.asked;
  EXPECT_EQ(t.far->received, "early");
  EXPECT_TRUE(t.client->received.starts_with("HTTP/1.1 200 OK\r\n")) << t.client->received;
  EXPECT_TRUE(t.client->received.ends_with("\r\n\r\ndata"));
  EXPECT_EQ(t.client->received.find("content-length"), std::string::npos);
  t.far->close();
  t.advance(base::seconds(2));
  EXPECT_TRUE(t.client->ended());
  EXPECT_EQ(t.at_rest(), "");
}

// RFC 9931 8: what was meant for the tunnel is no request.
TEST(Tunnel, ConnectThatIsRefusedEndsTheConnection) {
  Tunnel t;
  t.listener.accept_connect = 1;
  t.start();
  t.open(std::string(kConnect) + std::string(kAsk), "HTTP/1.1 407 No\r\ncontent-length: 2\r\n\r\nno");
  Reply answer = parse_reply(t.client->received);
  EXPECT_EQ(answer.body, "no");
  EXPECT_EQ(answer.bytes, t.client->received.size());
  t.advance(base::seconds(2));
  EXPECT_TRUE(t.client->ended());
  EXPECT_EQ(t.at_rest(), "");
}

} // namespace
} // namespace kgw::test
