#include "net/acceptor.h"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/text.h"

namespace kgw::net {
namespace {

constexpr int kBacklog = 4096; // the kernel lowers it to net.core.somaxconn

bool set(int fd, int level, int option) {
  int one = 1;
  return ::setsockopt(fd, level, option, &one, sizeof one) == 0;
}

std::unexpected<base::Error> system_error(const Address& address, int error, int fd) {
  if (fd >= 0) ::close(fd);
  auto code = error == EADDRINUSE ? base::ErrorCode::kAddressInUse : base::ErrorCode::kIo;
  return base::fail(code, ("listen on " + address.text() + ": ").append(base::os_error_text(error)), error);
}

// A bound and listening fd. Accepted sockets inherit TCP_NODELAY, which saves a call for each of them.
base::Result<int> listening(const Address& address, bool join) {
  sockaddr_storage raw;
  unsigned length = to_sockaddr(address, raw);
  int fd = ::socket(raw.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  bool ok = fd >= 0 && set(fd, SOL_SOCKET, SO_REUSEADDR) && set(fd, IPPROTO_TCP, TCP_NODELAY);
  ok = ok && (!join || set(fd, SOL_SOCKET, SO_REUSEPORT));
  ok = ok && ::bind(fd, reinterpret_cast<sockaddr*>(&raw), length) == 0 && ::listen(fd, kBacklog) == 0;
  if (!ok) return system_error(address, errno, fd);
  return fd;
}

} // namespace

// Linux compares SO_REUSEPORT of both sockets at the time of the second bind. A first bind without it fails when
// anybody has the port, another gateway included; set afterwards, it lets our siblings in.
base::Result<ListenSocket> ListenSocket::open(const Address& address, bool shared) {
  auto fd = listening(address, false);
  if (!fd) return std::unexpected(std::move(fd.error()));
  ListenSocket socket{*fd, address};
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(*fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0 ||
      (shared && !set(*fd, SOL_SOCKET, SO_REUSEPORT))) {
    return system_error(address, errno, -1);
  }
  socket.address_.port = from_sockaddr(reinterpret_cast<sockaddr*>(&bound)).port;
  return socket;
}

base::Result<ListenSocket> ListenSocket::sibling() const {
  auto fd = listening(address_, true);
  if (!fd) return std::unexpected(std::move(fd.error()));
  return ListenSocket{*fd, address_};
}

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), address_(other.address_) {}

ListenSocket& ListenSocket::operator=(ListenSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(address_, other.address_);
  return *this;
}

ListenSocket::~ListenSocket() {
  if (fd_ >= 0) ::close(fd_);
}

} // namespace kgw::net
