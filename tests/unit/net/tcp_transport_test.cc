#include "net/transport.h"

#include <cerrno>
#include <string>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/net/real_loop.h"

namespace kgw::net {
namespace {

using Kind = IoResult::Kind;

TEST(TcpTransport, CarriesBytesBothWaysAndKnowsItsAddresses) {
  Connected pair;
  EXPECT_EQ(pair.client.transport->write(bytes_of("ping")).bytes, 4u);
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.server.received == "ping"; }));
  pair.server.transport->write(bytes_of("pong"));
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.client.received == "pong"; }));
  EXPECT_EQ(pair.client.transport->peer(), pair.acceptor->address());
  EXPECT_EQ(pair.client.transport->local(), pair.server.transport->peer());
  EXPECT_EQ(pair.server.transport->local(), pair.acceptor->address());
}

TEST(TcpTransport, AReadWithNothingThereSaysAgain) {
  Connected pair;
  char space[8];
  EXPECT_EQ(pair.client.transport->read(space).kind, Kind::kAgain);
  EXPECT_TRUE(pair.client.transport->still_open());
}

TEST(TcpTransport, RefusedIsReportedInALaterTurn) {
  uint16_t port = ListenSocket::open(loopback(), false)->address().port; // closed again: nobody listens there
  RealLoop loop;
  auto network = make_tcp_network(*loop);
  Peer client;
  client.transport = network->connect(loopback(port), client);
  EXPECT_EQ(client.failed, 0);
  EXPECT_TRUE(loop.run_until([&] { return client.failed > 0; }));
  EXPECT_EQ(client.failure, ConnectFailure::kRefused);
  EXPECT_EQ(client.os_error, ECONNREFUSED);
  EXPECT_EQ(client.connected, 0);
}

TEST(TcpTransport, UnreachableIsReportedInALaterTurn) {
  RealLoop loop;
  auto network = make_tcp_network(*loop);
  Peer client;
  client.transport = network->connect(*parse_address("255.255.255.255", 9), client); // connect() itself says no
  EXPECT_EQ(client.failed, 0);
  EXPECT_TRUE(loop.run_until([&] { return client.failed == 1; }));
  EXPECT_EQ(client.failure, ConnectFailure::kRefused);
}

// In a child: the limit would fail whatever else the process does.
TEST(TcpTransport, NoDescriptorLeftIsALocalFailure) {
  pid_t child = fork();
  if (child == 0) {
    RealLoop loop;
    auto network = make_tcp_network(*loop);
    rlimit limit{3, 3};
    setrlimit(RLIMIT_NOFILE, &limit);
    Peer client;
    client.transport = network->connect(loopback(9), client);
    bool ok = client.failed == 0 && loop.run_until([&] { return client.failed == 1; }) &&
              client.failure == ConnectFailure::kLocal && client.os_error == EMFILE;
    _exit(ok ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(TcpTransport, ClosingWhileConnectingCallsNobody) {
  Connected pair;
  Peer client;
  client.transport = pair.network->connect(pair.acceptor->address(), client);
  client.transport->close(false);
  pair.loop->defer_delete(std::move(client.transport));
  Peer refused;
  refused.transport = pair.network->connect(*parse_address("255.255.255.255", 9), refused);
  refused.transport->close(false);
  pair.client.transport->write(bytes_of("x"));
  Peer& old_server = pair.server;
  EXPECT_TRUE(pair.loop.run_until([&] { return old_server.transport != nullptr; }));
  EXPECT_EQ(client.connected + client.failed + refused.failed, 0);
}

TEST(TcpTransport, AFinIsAnEndAndAResetAnError) {
  Connected fin, rst;
  fin.client.transport->write(bytes_of("last"));
  fin.client.transport->shutdown_write();
  EXPECT_TRUE(fin.loop.run_until([&] { return fin.server.eof; }));
  EXPECT_EQ(fin.server.received, "last");
  EXPECT_EQ(fin.server.transport->write(bytes_of("still")).kind, Kind::kBytes);
  rst.client.transport->close(true);
  EXPECT_TRUE(rst.loop.run_until([&] { return rst.server.read_error != 0; }));
  EXPECT_EQ(rst.server.read_error, ECONNRESET);
}

TEST(TcpTransport, WritingToAGonePeerIsAnErrorAndNoSignal) {
  Connected pair;
  pair.client.transport->close(true);
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.server.read_error != 0; }));
  EXPECT_EQ(pair.server.transport->write(bytes_of("x")).os_error, EPIPE);
}

TEST(TcpTransport, StillOpenSeesAPeerThatClosedOrSpoke) {
  Connected closed, spoke;
  closed.server.transport->pause_reading();
  closed.client.transport->close(false);
  EXPECT_TRUE(closed.loop.run_until([&] { return !closed.server.transport->still_open(); }));
  spoke.server.transport->pause_reading();
  spoke.client.transport->write(bytes_of("x"));
  EXPECT_TRUE(spoke.loop.run_until([&] { return !spoke.server.transport->still_open(); }));
}

TEST(TcpTransport, PausedReadingIsSilentAndResumedReadingIsNot) {
  Connected pair;
  pair.server.transport->pause_reading();
  pair.server.transport->pause_reading();
  pair.client.transport->write(bytes_of("waits"));
  EXPECT_TRUE(pair.loop.run_until([&] { return !pair.server.transport->still_open(); }));
  EXPECT_EQ(pair.server.readable, 0);
  pair.server.transport->resume_reading();
  EXPECT_EQ(pair.server.readable, 0);
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.server.received == "waits"; }));
}

TEST(TcpTransport, WithoutAHandlerItDoesNotSpin) {
  Connected pair;
  pair.server.transport->set_handler(nullptr);
  pair.client.transport->write(bytes_of("kept"));
  EXPECT_TRUE(pair.loop.run_until([&] { return !pair.server.transport->still_open(); }));
  pair.server.transport->set_handler(&pair.server);
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.server.received == "kept"; }));
}

// RELIABILITY of a stream: what the kernel does not take at once arrives after on_writable, at the exact byte.
TEST(TcpTransport, AFullSocketSaysAgainAndThenWritable) {
  Connected pair;
  pair.server.transport->pause_reading();
  std::string block(64 * 1024, 'b');
  size_t sent = 0;
  for (IoResult result; (result = pair.client.transport->write(bytes_of(block))).kind == Kind::kBytes;)
    sent += result.bytes;
  EXPECT_EQ(pair.client.writable, 0);
  pair.client.transport->want_write(true);
  pair.server.transport->resume_reading();
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.client.writable == 1; }));
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.server.received.size() == sent; }));
  EXPECT_EQ(pair.client.writable, 1);
}

TEST(TcpTransport, MayBeClosedAndDeletedInItsOwnCallback) {
  struct Suicide : Peer {
    Loop* loop = nullptr;
    void on_readable() override {
      transport->close(true);
      loop->defer_delete(std::move(transport));
    }
  } server;
  Connected pair;
  server.loop = &*pair.loop;
  server.take(std::move(pair.server.transport));
  pair.client.transport->write(bytes_of("x"));
  EXPECT_TRUE(pair.loop.run_until([&] { return !server.transport && pair.client.read_error != 0; }));
}

} // namespace
} // namespace kgw::net
