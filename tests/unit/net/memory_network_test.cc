#include "support/memory_network.h"

#include <cerrno>
#include <string>

#include <gtest/gtest.h>

#include "unit/net/real_loop.h"

namespace kgw::test {
namespace {

using net::bytes_of;
using Kind = net::IoResult::Kind;

// Reads all it can whenever it may; sends what it is given, resuming after kAgain.
struct Sender : net::TransportHandler {
  std::unique_ptr<net::Transport> transport;
  std::string left, received;
  int error = 0;
  bool eof = false;
  void send(std::string text) {
    left += text;
    on_writable();
  }
  void on_readable() override {
    char space[1000];
    auto result = transport->read(space);
    if (result.kind == Kind::kBytes) received.append(space, result.bytes);
    if (result.kind == Kind::kEof) eof = true;
    if (result.kind == Kind::kError) error = result.os_error;
    if (eof || error != 0) transport->pause_reading();
  }
  void on_writable() override {
    auto result = transport->write(bytes_of(left));
    if (result.kind == Kind::kBytes) left.erase(0, result.bytes);
    transport->want_write(!left.empty() && result.kind != Kind::kError);
  }
};

class MemoryNetworkTest : public testing::Test {
 protected:
  void SetUp() override {
    network.listen(address, [this](std::unique_ptr<net::Transport> transport) {
      server.transport = std::move(transport);
      server.transport->set_handler(&server);
    });
  }
  void connect() {
    client.transport = network.connect(address, client);
    loop->settle();
    ASSERT_TRUE(server.transport);
  }
  std::unique_ptr<net::Loop> loop = std::move(*net::Loop::make(net::Loop::Clock::kVirtual));
  MemoryNetwork network{*loop};
  net::Address address = *net::parse_address("10.0.0.1", 80);
  Sender client, server;
};

TEST_F(MemoryNetworkTest, CarriesBytesAndCountsCalls) {
  connect();
  uint64_t before = network.calls.total();
  client.send("ping");
  loop->settle();
  EXPECT_EQ(server.received, "ping");
  EXPECT_EQ(network.calls.reads, 1u);
  EXPECT_EQ(network.calls.writes, 1u);
  EXPECT_EQ(network.calls.total() - before, 2u);
  EXPECT_EQ(client.transport->peer(), address);
  EXPECT_EQ(server.transport->peer(), client.transport->local());
}

TEST_F(MemoryNetworkTest, ConnectsInTheNextTurnOrFailsOrNeverEnds) {
  net::Peer refused, none, lost;
  network.answer(*net::parse_address("10.0.0.2", 80), Answer::kNoFd);
  network.answer(*net::parse_address("10.0.0.3", 80), Answer::kBlackHole);
  refused.transport = network.connect(*net::parse_address("10.0.0.9", 80), refused);
  none.transport = network.connect(*net::parse_address("10.0.0.2", 80), none);
  lost.transport = network.connect(*net::parse_address("10.0.0.3", 80), lost);
  EXPECT_EQ(refused.failed + none.failed, 0);
  loop->advance(base::seconds(100));
  EXPECT_EQ(refused.os_error, ECONNREFUSED);
  EXPECT_EQ(none.failure, net::ConnectFailure::kLocal);
  EXPECT_EQ(lost.failed + lost.connected, 0);
  EXPECT_EQ(network.open_ends(), 1u);
}

TEST_F(MemoryNetworkTest, EveryCutDeliversTheSameBytes) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += std::to_string(i) + ' ';
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    network.faults.to_server = {.capacity = 700, .read_most = 300, .write_most = 500, .seed = seed};
    connect();
    client.send(text);
    loop->settle();
    ASSERT_EQ(server.received, text) << seed;
    server.received.clear();
  }
}

TEST_F(MemoryNetworkTest, AFullPipeSaysAgainUntilTheReaderReads) {
  network.faults.to_server.capacity = 10;
  connect();
  server.transport->pause_reading();
  EXPECT_EQ(client.transport->write(bytes_of("0123456789abc")).bytes, 10u);
  EXPECT_EQ(client.transport->write(bytes_of("abc")).kind, Kind::kAgain);
  client.send("abc");
  loop->settle();
  EXPECT_EQ(client.left, "abc");
  server.transport->resume_reading();
  loop->settle();
  EXPECT_EQ(server.received, "0123456789abc");
}

TEST_F(MemoryNetworkTest, EndsAndResetsAtTheByteAskedFor) {
  network.faults.to_server.finish_at = 3;
  connect();
  client.send("abcdef");
  loop->settle();
  EXPECT_EQ(server.received, "abc");
  EXPECT_TRUE(server.eof);
  Sender other;
  std::swap(server.received, other.received);
  server.eof = false;
  network.faults.to_server = {.reset_at = 2};
  connect();
  client.send("abcdef");
  loop->settle();
  EXPECT_EQ(server.received, "ab");
  EXPECT_EQ(server.error, ECONNRESET);
  EXPECT_EQ(client.error, ECONNRESET);
  EXPECT_EQ(client.transport->write(bytes_of("x")).os_error, EPIPE);
}

TEST_F(MemoryNetworkTest, StallsAndGoesOn) {
  connect();
  network.stall(0, Direction::kToServer, true);
  client.send("late");
  client.transport->shutdown_write();
  loop->advance(base::seconds(5));
  EXPECT_EQ(server.received, "");
  EXPECT_TRUE(server.transport->still_open());
  network.stall(0, Direction::kToServer, false);
  loop->settle();
  EXPECT_EQ(server.received, "late");
  EXPECT_TRUE(server.eof);
  EXPECT_FALSE(server.transport->still_open());
}

TEST_F(MemoryNetworkTest, ClosingEndsOrResetsAsTcpDoes) {
  connect();
  client.send("bye");
  client.transport->close(false);
  loop->settle();
  EXPECT_EQ(server.received, "bye");
  EXPECT_TRUE(server.eof);
  EXPECT_EQ(server.transport->write(bytes_of("too late")).kind, Kind::kBytes); // the answer to this is the reset
  EXPECT_EQ(server.transport->write(bytes_of("x")).os_error, EPIPE);

  server.eof = false;
  connect();
  server.transport->pause_reading();
  client.send("unread");
  server.transport->close(false);
  loop->settle();
  EXPECT_EQ(client.error, ECONNRESET);
  client.transport->close(true);
  EXPECT_EQ(network.open_ends(), 0u);
}

} // namespace
} // namespace kgw::test
