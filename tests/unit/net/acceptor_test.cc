#include "net/acceptor.h"

#include <cerrno>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/net/real_loop.h"

namespace kgw::net {
namespace {

// A client of the kernel's own, so that a test says when it connects. Blocking; -1 when refused.
int connect_to(const Address& address) {
  sockaddr_storage raw;
  unsigned length = to_sockaddr(address, raw);
  int fd = ::socket(raw.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && ::connect(fd, reinterpret_cast<sockaddr*>(&raw), length) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

struct Clients {
  std::vector<int> fds;
  ~Clients() {
    for (int fd : fds) ::close(fd);
  }
  void add(const Address& to, size_t count) {
    for (size_t i = 0; i < count; ++i) fds.push_back(connect_to(to));
  }
};

struct Accepting {
  RealLoop loop;
  std::vector<std::unique_ptr<Transport>> accepted;
  std::unique_ptr<Acceptor> acceptor;
  explicit Accepting(ListenSocket socket, unsigned per_turn = 16)
      : acceptor(std::make_unique<Acceptor>(
            *loop, std::move(socket), per_turn,
            [](void* self, std::unique_ptr<Transport> transport) {
              static_cast<Accepting*>(self)->accepted.push_back(std::move(transport));
            },
            this)) {}
  explicit Accepting(unsigned per_turn = 16) : Accepting(std::move(*ListenSocket::open(loopback(), false)), per_turn) {}
};

TEST(ListenSocket, PortZeroIsAFreePort) {
  auto socket = ListenSocket::open(loopback(), false);
  ASSERT_TRUE(socket);
  EXPECT_NE(socket->address().port, 0);
  EXPECT_EQ(socket->address().host(), "127.0.0.1");
}

TEST(ListenSocket, APortInUseIsAddressInUseSharedOrNot) {
  for (bool first_shared : {false, true}) {
    auto first = ListenSocket::open(loopback(), first_shared);
    for (bool second_shared : {false, true}) {
      auto second = ListenSocket::open(first->address(), second_shared);
      ASSERT_FALSE(second);
      EXPECT_EQ(second.error().code, base::ErrorCode::kAddressInUse);
      EXPECT_EQ(second.error().os_error, EADDRINUSE);
    }
  }
}

TEST(ListenSocket, OnlyASharedOneHasSiblings) {
  auto alone = ListenSocket::open(loopback(), false);
  EXPECT_FALSE(alone->sibling());
  auto shared = ListenSocket::open(loopback(), true);
  auto sibling = shared->sibling();
  ASSERT_TRUE(sibling);
  EXPECT_EQ(sibling->address(), shared->address());
  EXPECT_TRUE(shared->sibling());
}

TEST(ListenSocket, ClosesAndMayBeOpenedAgain) {
  Address address = ListenSocket::open(loopback(), true)->address();
  EXPECT_TRUE(ListenSocket::open(address, true));
}

TEST(Acceptor, SiblingsShareTheConnections) {
  auto first = std::move(*ListenSocket::open(loopback(), true));
  auto second = std::move(*first.sibling());
  Accepting one(std::move(first)), other(std::move(second));
  Clients clients;
  clients.add(one.acceptor->address(), 40);
  one.acceptor->drain_queue();
  other.acceptor->drain_queue();
  EXPECT_EQ(one.accepted.size() + other.accepted.size(), 40u);
  EXPECT_GT(one.accepted.size(), 0u);
  EXPECT_GT(other.accepted.size(), 0u);
}

TEST(Acceptor, TakesNoMoreThanItsShareOfATurn) {
  Accepting accepting(4);
  Clients clients;
  clients.add(accepting.acceptor->address(), 10);
  size_t largest = 0, before = 0;
  EXPECT_TRUE(accepting.loop.run_until([&] {
    largest = std::max(largest, accepting.accepted.size() - before);
    before = accepting.accepted.size();
    return before == 10;
  }));
  EXPECT_EQ(largest, 4u);
}

TEST(Acceptor, AcceptedSocketsAreNonBlockingCloexecAndWithoutDelay) {
  Accepting accepting;
  Clients clients;
  clients.add(accepting.acceptor->address(), 1);
  accepting.acceptor->drain_queue();
  ASSERT_EQ(accepting.accepted.size(), 1u);
  char space[1];
  EXPECT_EQ(accepting.accepted[0]->read(space).kind, IoResult::Kind::kAgain);
  int fd = clients.fds[0] + 1, no_delay = 0; // the next free number
  socklen_t size = sizeof no_delay;
  ASSERT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_NE(no_delay, 0);
  EXPECT_EQ(::fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST(Acceptor, APausedOneLeavesTheQueueAlone) {
  Accepting accepting;
  accepting.acceptor->pause();
  Clients clients;
  clients.add(accepting.acceptor->address(), 2);
  EXPECT_TRUE(accepting.loop.run_until([] { return true; }));
  EXPECT_EQ(accepting.accepted.size(), 0u);
  accepting.acceptor->resume();
  EXPECT_TRUE(accepting.loop.run_until([&] { return accepting.accepted.size() == 2; }));
}

TEST(Acceptor, AfterDrainingNothingInTheQueueIsLost) {
  Accepting accepting;
  Address address = accepting.acceptor->address();
  Clients clients;
  clients.add(address, 3);
  accepting.acceptor->drain_queue();
  EXPECT_EQ(accepting.accepted.size(), 3u);
  clients.add(address, 2);
  accepting.acceptor.reset();
  EXPECT_EQ(accepting.accepted.size(), 5u);
  EXPECT_EQ(connect_to(address), -1);
}

// F20. In a child: the limit would fail whatever else the process does.
bool survives_running_out() {
  Accepting accepting;
  Clients clients;
  clients.add(accepting.acceptor->address(), 4);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none{static_cast<rlim_t>(clients.fds.back() + 1), before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  int turns = 0;
  auto& paused = *accepting.acceptor;
  Instant start = accepting.loop->now();
  bool ok = accepting.loop.run_until([&] { return ++turns, paused.paused_by_errors() == 3; });
  // Three pauses are at least two times 100 ms of silence, and one turn each, not thousands.
  ok = ok && accepting.accepted.empty() && turns < 20 && accepting.loop->now() - start >= base::milliseconds(200);
  char byte;
  ok = ok && ::recv(clients.fds[0], &byte, 1, MSG_DONTWAIT) == 0; // dropped, so it knows
  setrlimit(RLIMIT_NOFILE, &before);
  return ok && accepting.loop.run_until([&] { return accepting.accepted.size() == 1; });
}

TEST(Acceptor, WithoutDescriptorsItDropsOnePausesAndRecovers) {
  pid_t child = fork();
  if (child == 0) _exit(survives_running_out() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

// F29: the child shares the epoll instance and the listening socket with its parent.
TEST(Acceptor, AForkedChildThatAbandonsLeavesTheParentAlone) {
  Connected pair;
  pid_t child = fork();
  if (child == 0) {
    pair.acceptor->abandon_after_fork();
    pair.loop->abandon_after_fork();
    pair.client.transport->close(false);
    pair.server.transport.reset();
    pair.acceptor.reset();
    std::string targets;
    for (int fd = 3; fd < 64; ++fd) {
      char target[64] = {};
      if (::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target - 1) > 0) targets += target;
    }
    bool closed = targets.find("eventpoll") == targets.npos && targets.find("eventfd") == targets.npos &&
                  targets.find("timerfd") == targets.npos && targets.find("socket") == targets.npos;
    _exit(closed ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  pair.client.transport->write(bytes_of("still there"));
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.server.received == "still there"; }));
  Peer second;
  second.transport = pair.network->connect(pair.acceptor->address(), second);
  EXPECT_TRUE(pair.loop.run_until([&] { return second.connected == 1; }));
}

} // namespace
} // namespace kgw::net
