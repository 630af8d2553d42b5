#include "net/tcp_transport.h"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kgw::net {
namespace {

// Ours, not the server's: no fd, no memory, no port.
bool is_local(int error) {
  static constexpr int kLocal[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC, EADDRNOTAVAIL, EAGAIN};
  return std::ranges::find(kLocal, error) != std::end(kLocal);
}

} // namespace

TcpTransport::TcpTransport(Loop& loop, int fd, const Address& peer, State state)
    : loop_(loop), fd_(fd), state_(state), peer_(peer), failure_(report_failure, this) {}

TcpTransport::~TcpTransport() { close(false); }

std::unique_ptr<TcpTransport> TcpTransport::accepted(Loop& loop, int fd, const Address& peer) {
  std::unique_ptr<TcpTransport> transport{new TcpTransport(loop, fd, peer, State::kOpen)};
  event_assign(&transport->event_, loop.base(), fd, EV_READ | EV_PERSIST, ready_to_read, transport.get());
  transport->watching_ = event_add(&transport->event_, nullptr) == 0;
  return transport->watching_ ? std::move(transport) : nullptr;
}

std::unique_ptr<TcpTransport> TcpTransport::connecting(Loop& loop, const Address& to, TransportHandler& handler) {
  std::unique_ptr<TcpTransport> transport{new TcpTransport(loop, -1, to, State::kConnecting)};
  transport->handler_ = &handler;
  int error = transport->start_connect();
  if (error != 0) transport->fail_later(error);
  return transport;
}

int TcpTransport::start_connect() {
  sockaddr_storage address;
  unsigned length = to_sockaddr(peer_, address);
  fd_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return errno;
  int one = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  // EINTR: the attempt goes on without us, as after EINPROGRESS.
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), length) != 0 && errno != EINPROGRESS && errno != EINTR) {
    return errno;
  }
  event_assign(&event_, loop_.base(), fd_, EV_WRITE, connect_ready, this);
  return event_add(&event_, nullptr) == 0 ? 0 : ENOMEM;
}

void TcpTransport::fail_later(int os_error) {
  connect_error_ = os_error;
  loop_.post(failure_);
}

void TcpTransport::connect_ready(int, short, void* self) {
  auto& transport = *static_cast<TcpTransport*>(self);
  transport.loop_.enter_turn();
  transport.connect_ended();
}

void TcpTransport::connect_ended() {
  socklen_t size = sizeof connect_error_;
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &connect_error_, &size) != 0) connect_error_ = errno;
  if (connect_error_ == 0) {
    event_assign(&event_, loop_.base(), fd_, EV_READ | EV_PERSIST, ready_to_read, this);
    state_ = State::kOpen;
    watch_reading();
    if (!watching_ && !paused_ && handler_ != nullptr) connect_error_ = ENOMEM;
  }
  if (connect_error_ != 0) return report_failure(this);
  if (handler_ != nullptr) handler_->on_connected();
}

void TcpTransport::report_failure(void* self) {
  auto& transport = *static_cast<TcpTransport*>(self);
  int error = transport.connect_error_;
  TransportHandler* handler = transport.handler_;
  transport.close(false);
  auto failure = is_local(error) ? ConnectFailure::kLocal : ConnectFailure::kRefused;
  if (handler != nullptr) handler->on_connect_failed({failure, error});
}

void TcpTransport::ready_to_read(int, short, void* self) {
  auto& transport = *static_cast<TcpTransport*>(self);
  transport.loop_.enter_turn();
  if (transport.handler_ != nullptr) return transport.handler_->on_readable();
  transport.watch_reading(); // nobody listens: a level-triggered event would come again and again
}

void TcpTransport::ready_to_write(int, short, void* self) {
  auto& transport = *static_cast<TcpTransport*>(self);
  transport.loop_.enter_turn();
  if (transport.handler_ != nullptr) transport.handler_->on_writable();
}

void TcpTransport::watch_reading() {
  if (state_ != State::kOpen || loop_.base() == nullptr) return;
  bool wanted = !paused_ && handler_ != nullptr;
  if (wanted == watching_) return;
  watching_ = wanted ? event_add(&event_, nullptr) == 0 : event_del(&event_) != 0;
}

} // namespace kgw::net
