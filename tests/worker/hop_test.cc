// What a hop may keep, add and count, where a setting asks for it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "worker/harness.h"

namespace kgw::test {
namespace {

// The whole message as the origin got it, for a request whose end is `end`.
std::string forwarded(Harness& h, std::string_view request, std::string_view end, std::string_view answer) {
  std::string seen;
  h.origin = [&](Peer& peer, const std::string& head) {
    seen = head;
    auto more = [&seen, end, answer](Peer& at) {
      seen += at.received;
      at.received.clear();
      if (seen.ends_with(end)) at.send(answer);
    };
    peer.on_bytes = more;
    more(peer);
  };
  Peer& client = h.connect_client();
  client.send(request);
  h.settle();
  return seen;
}

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

// RFC 9112 7.1.2, RFC 9110 6.5: as Envoy they are dropped unless somebody wants them.
TEST(Hop, TrailersAreKeptOnlyWhereASettingSaysSo) {
  constexpr std::string_view kRequest = "POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: "
                                        "chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 1\r\ncontent-length: 9\r\n"
                                        "connection: x-sum\r\n\r\n";
  constexpr std::string_view kAnswer =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-end: 2\r\nset-cookie: a=b\r\n\r\n";
  for (int keep : {0, 1}) {
    Harness h;
    h.listener.keep_h1_trailers = keep;
    h.start();
    std::string seen = forwarded(h, kRequest, "\r\n\r\n", kAnswer);
    EXPECT_TRUE(seen.ends_with(keep ? "\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n" : "\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
        << seen;
    EXPECT_TRUE(h.clients[0]->received.ends_with(keep ? "2\r\nok\r\n0\r\nx-end: 2\r\n\r\n" : "2\r\nok\r\n0\r\n\r\n"))
        << h.clients[0]->received;
    EXPECT_FALSE(h.clients[0]->ended());
    EXPECT_EQ(h.at_rest(), "");
  }
}

TEST(Hop, KeptTrailersAreReplayedWithTheBody) {
  Harness h;
  h.listener.keep_h1_trailers = 1;
  h.action.retry.on = retry::k5xx;
  h.action.retry.retries = 2;
  h.start();
  std::vector<std::string> bodies;
  h.origin = [&](Peer& peer, const std::string&) {
    auto more = [&bodies](Peer& at) {
      if (!at.received.ends_with("\r\n\r\n")) return;
      bodies.push_back(std::exchange(at.received, {}));
      at.on_bytes = nullptr;
      at.send(bodies.size() < 3 ? "HTTP/1.1 503 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" : kOk);
    };
    peer.on_bytes = more;
    more(peer);
  };
  Peer& client = h.connect_client();
  client.send("POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n");
  h.advance(base::seconds(1));
  ASSERT_EQ(bodies.size(), 3u);
  for (const std::string& body : bodies) EXPECT_EQ(body, "3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n");
  EXPECT_EQ(h.at_rest(), "");
}

// RFC 9110 7.6.3.
TEST(Hop, ViaNamesThisGatewayAndFindsLoops) {
  Harness off;
  off.start();
  EXPECT_EQ(forwarded(off, "GET / HTTP/1.1\r\nhost: test\r\n\r\n", "\r\n\r\n", kOk).find("via"), std::string::npos);

  Harness on;
  on.listener.send_via = 1;
  on.start();
  std::string seen = forwarded(on, "GET / HTTP/1.1\r\nhost: test\r\nvia: 1.0 fred, 1.1 tests\r\n\r\n", "\r\n\r\n", kOk);
  EXPECT_NE(seen.find("via: 1.0 fred, 1.1 tests\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("via: 1.1 test\r\n"), std::string::npos) << seen;

  Harness loop;
  loop.listener.send_via = 1;
  loop.start();
  EXPECT_EQ(
      forwarded(loop, "GET / HTTP/1.1\r\nhost: test\r\nvia: 1.0 fred\r\nvia: 1.1 test, 1.1 x\r\n\r\n", "\r\n\r\n", kOk),
      "");
  EXPECT_EQ(parse_reply(loop.clients[0]->received).status, 508);
  EXPECT_EQ(loop.worker->records(0).at(0).ledger.details.view(), "via_loop");
  EXPECT_EQ(loop.at_rest(), "");
}

// RFC 9110 7.6.2.
TEST(Hop, MaxForwardsIsCountedForTraceAndOptions) {
  struct Case {
    std::string_view method, value;
    int status;
    std::string_view sent; // what the origin gets; empty: nothing
  };
  constexpr Case kCases[] = {
      {"OPTIONS", "0", 200, ""},  {"OPTIONS", "00", 200, ""}, {"OPTIONS", "1", 200, "0"}, {"OPTIONS", "10", 200, "9"},
      {"OPTIONS", "x", 200, "x"}, {"TRACE", "0", 405, ""},    {"TRACE", "7", 200, "6"},   {"GET", "0", 200, "0"},
  };
  for (const Case& c : kCases) {
    Harness h;
    h.listener.accept_trace = 1;
    h.start();
    std::string seen = forwarded(
        h, fmt::format("{} / HTTP/1.1\r\nhost: test\r\nmax-forwards: {}\r\n\r\n", c.method, c.value), "\r\n\r\n", kOk);
    Reply answer = parse_reply(h.clients[0]->received);
    EXPECT_EQ(answer.status, c.status) << c.method << c.value;
    if (c.sent.empty()) {
      EXPECT_EQ(seen, "");
      EXPECT_NE(answer.head.find("allow: GET"), std::string::npos);
    } else {
      EXPECT_NE(seen.find(fmt::format("max-forwards: {}\r\n", c.sent)), std::string::npos) << seen;
    }
    EXPECT_EQ(h.at_rest(), "");
  }
}

TEST(Hop, TraceIs405UnlessAccepted) {
  Harness h;
  h.start();
  EXPECT_EQ(forwarded(h, "TRACE / HTTP/1.1\r\nhost: test\r\n\r\n", "\r\n\r\n", kOk), "");
  EXPECT_EQ(parse_reply(h.clients[0]->received).status, 405);
}

} // namespace
} // namespace kgw::test
