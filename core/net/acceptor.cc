#include "net/acceptor.h"

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/counter.h"
#include "net/tcp_transport.h"

namespace kgw::net {
namespace {

constexpr Duration kErrorPause = base::milliseconds(100);

// These leave the connection in the queue, so trying again at once would spin.
bool exhausted(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

} // namespace

size_t descriptor_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<size_t>(limit.rlim_cur) : 1024;
}

struct Acceptor::Impl {
  Impl(Loop& on, ListenSocket listen_socket, unsigned per_turn, OnAccept callback, void* user)
      : loop(on), address(listen_socket.address()), socket(std::move(listen_socket)), accepts_per_turn(per_turn),
        on_accept(callback), context(user), spare_fd(open_spare()), pause_end(pause_ended, this) {
    event_assign(&readiness, loop.base(), socket->fd(), EV_READ | EV_PERSIST, connection_waits, this);
    watch();
  }

  ~Impl() {
    if (!socket) return;
    if (draining) accept_up_to(~0u);
    if (loop.base() != nullptr) event_del(&readiness);
    if (spare_fd >= 0) ::close(spare_fd);
  }

  static void connection_waits(int, short, void* self) {
    auto& acceptor = *static_cast<Impl*>(self);
    acceptor.loop.enter_turn();
    acceptor.accept_up_to(acceptor.accepts_per_turn);
  }

  static void pause_ended(void* self, Instant) { static_cast<Impl*>(self)->watch(); }

  void watch() {
    if (loop.base() == nullptr) return;
    bool wanted = !paused && !pause_end.armed();
    if (!wanted)
      event_del(&readiness);
    else if (event_add(&readiness, nullptr) != 0)
      loop.wheel().arm(pause_end, loop.now() + kErrorPause);
  }

  // Ends early when the queue is empty, when on_accept pauses us, or when the process has run out of something.
  void accept_up_to(unsigned most) {
    for (unsigned n = 0; n < most && (draining || !paused); ++n) {
      sockaddr_storage peer{};
      socklen_t size = sizeof peer;
      int fd = ::accept4(socket->fd(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
      if (fd < 0) return exhausted(errno) ? out_of_resources() : void();
      auto transport = TcpTransport::accepted(loop, fd, from_sockaddr(reinterpret_cast<sockaddr*>(&peer)));
      if (!transport) return out_of_resources();
      on_accept(context, std::move(transport));
    }
  }

  // The client that waits longest learns at once that it is not served, and the kernel's queue gets a moment to itself.
  void out_of_resources() {
    if (spare_fd >= 0) {
      ::close(spare_fd);
      int dropped = ::accept4(socket->fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (dropped >= 0) ::close(dropped);
    }
    spare_fd = open_spare();
    paused_by_errors.add();
    loop.wheel().arm(pause_end, loop.now() + kErrorPause);
    watch();
  }

  Loop& loop;
  Address address;
  std::optional<ListenSocket> socket; // none once abandoned
  unsigned accepts_per_turn;
  OnAccept on_accept;
  void* context;
  int spare_fd;
  bool paused = false, draining = false;
  base::Counter paused_by_errors;
  base::Timer pause_end;
  event readiness;
};

Acceptor::Acceptor(Loop& loop, ListenSocket socket, unsigned accepts_per_turn, OnAccept on_accept, void* context)
    : impl_(std::make_unique<Impl>(loop, std::move(socket), accepts_per_turn, on_accept, context)) {}

Acceptor::~Acceptor() = default;

void Acceptor::drain_queue() {
  impl_->draining = true;
  impl_->accept_up_to(~0u);
}

void Acceptor::pause() {
  impl_->paused = true;
  impl_->watch();
}

void Acceptor::resume() {
  impl_->paused = false;
  impl_->watch();
}

const Address& Acceptor::address() const { return impl_->address; }

uint64_t Acceptor::paused_by_errors() const { return impl_->paused_by_errors.value(); }

void Acceptor::abandon_after_fork() {
  impl_->socket.reset();
  if (impl_->spare_fd >= 0) ::close(std::exchange(impl_->spare_fd, -1));
}

} // namespace kgw::net
