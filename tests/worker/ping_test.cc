// PING toward origins (RFC 9113 6.7), to the millisecond.
#include <gtest/gtest.h>

#include "worker/harness.h"

namespace kgw::test {
namespace {

using base::from_ms;
using base::seconds;

struct Asked : Harness {
  explicit Asked(bool answers) {
    http2 = true;
    h2_options.answers_pings = answers;
    h2_origin = [](H2Peer&, H2Stream&) {}; // silent
    cluster.h2_ping_interval_ms = 10'000;
    cluster.h2_ping_timeout_ms = 5'000;
    action.timeout = seconds(1000);
    listener.stream_idle_timeout_ms = 0;
    start();
  }
  Peer& ask() {
    Peer& client = connect_client();
    client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
    settle();
    return client;
  }
};

TEST(Ping, SilenceBehindItEndsTheConnectionAndItsAttempts) {
  Asked h(false);
  Peer& client = h.ask();
  Peer& other = h.ask();
  h.advance(seconds(15) - from_ms(1));
  EXPECT_EQ(client.received, "");
  h.advance(from_ms(1));
  EXPECT_EQ(parse_reply(client.received).status, 503);
  EXPECT_EQ(parse_reply(other.received).status, 503);
  EXPECT_TRUE(h.h2_origins.at(0)->ended());
  EXPECT_EQ(h.runtime->sum(&cluster::Stats::http2_keepalive_timeout), 1u);
  EXPECT_EQ(h.worker->records(0).at(0).ledger.at(1).reset, retry::Reason::kConnectionTermination);
  EXPECT_EQ(h.at_rest(), "");
}

TEST(Ping, AnyByteIsASignOfLife) {
  Asked h(false);
  Peer& client = h.ask();
  for (int i = 0; i < 20; ++i) {
    h.advance(seconds(14));
    h.h2_origins.at(0)->ping(); // it says something, if not what it was asked
    h.settle();
  }
  EXPECT_EQ(client.received, "");
  H2Peer& origin = *h.h2_origins.at(0);
  origin.answer(*origin.streams.begin()->second, 200, "late");
  h.settle();
  EXPECT_EQ(parse_reply(client.received).body, "late");
  EXPECT_EQ(h.at_rest(), "");
}

TEST(Ping, AnEndpointThatAnswersItHasAllTheTime) {
  Asked h(true);
  Peer& client = h.ask();
  h.advance(seconds(900));
  EXPECT_EQ(client.received, "");
  EXPECT_EQ(h.runtime->sum(&cluster::Stats::http2_keepalive_timeout), 0u);
}

TEST(Ping, NobodyIsAskedByDefault) {
  Asked h(false);
  h.cluster = {};
  h.apply();
  Peer& client = h.ask();
  h.advance(seconds(999));
  EXPECT_EQ(client.received, "") << "silence alone ends nothing";
  EXPECT_FALSE(h.h2_origins.at(0)->ended());
}

// Its bytes, which the origin takes one by one, are none of the request's.
TEST(Ping, KeepsNoRequestAliveThatIsSilent) {
  Asked h(true);
  h.listener.stream_idle_timeout_ms = 60'000;
  h.apply();
  h.network->plan = [](size_t, const net::Address& to) {
    LinkFaults faults;
    if (to.host() != "10.0.0.100") faults.to_server.capacity = 1;
    return faults;
  };
  Peer& client = h.ask();
  h.advance(seconds(59));
  EXPECT_EQ(client.received, "");
  h.advance(seconds(1));
  EXPECT_EQ(parse_reply(client.received).status, 504);
  EXPECT_EQ(h.at_rest(), "");
}

// The idle time of a connection is not that of silence, whichever is shorter.
TEST(Ping, AnIdleConnectionIsKeptByItAndEndsInItsOwnTime) {
  Asked h(true);
  h.cluster.upstream_idle_timeout_ms = 60'000;
  h.apply();
  h.h2_origin = [](H2Peer& peer, H2Stream& stream) { peer.answer(stream, 200, "ok"); };
  Peer& client = h.ask();
  EXPECT_EQ(parse_reply(client.received).status, 200);
  h.advance(seconds(59));
  EXPECT_FALSE(h.h2_origins.at(0)->ended());
  h.advance(seconds(1));
  EXPECT_TRUE(h.h2_origins.at(0)->ended());
  EXPECT_EQ(h.runtime->sum(&cluster::Stats::http2_keepalive_timeout), 0u);
}

} // namespace
} // namespace kgw::test
