// What the owner of an open TCP transport may do with it.

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tcp_transport.h"

namespace kgw::net {
namespace {

IoResult failed(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return {IoResult::Kind::kAgain, 0, 0};
  return {IoResult::Kind::kError, 0, error};
}

class TcpNetwork final : public Network {
 public:
  explicit TcpNetwork(Loop& loop) : loop_(loop) {}
  std::unique_ptr<Transport> connect(const Address& to, TransportHandler& handler) override {
    return TcpTransport::connecting(loop_, to, handler);
  }

 private:
  Loop& loop_;
};

} // namespace

std::unique_ptr<Network> make_tcp_network(Loop& loop) { return std::make_unique<TcpNetwork>(loop); }

void TcpTransport::set_handler(TransportHandler* handler) {
  handler_ = handler;
  if (handler != nullptr) watch_reading();
}

IoResult TcpTransport::read(std::span<char> into) {
  ssize_t got;
  do {
    got = ::recv(fd_, into.data(), into.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) return {IoResult::Kind::kBytes, static_cast<size_t>(got), 0};
  if (got == 0) return {IoResult::Kind::kEof, 0, 0};
  return failed(errno);
}

IoResult TcpTransport::write(std::span<const char> bytes) {
  ssize_t sent;
  do {
    sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {IoResult::Kind::kBytes, static_cast<size_t>(sent), 0};
  return failed(errno);
}

void TcpTransport::pause_reading() {
  paused_ = true;
  watch_reading();
}

void TcpTransport::resume_reading() {
  paused_ = false;
  watch_reading();
}

void TcpTransport::want_write(bool wanted) {
  if (wanted == writing_ || state_ != State::kOpen || loop_.base() == nullptr) return;
  if (!wanted) {
    event_del(write_event_.get());
    writing_ = false;
    return;
  }
  if (!write_event_) {
    write_event_ = std::make_unique<event>();
    event_assign(write_event_.get(), loop_.base(), fd_, EV_WRITE | EV_PERSIST, ready_to_write, this);
  }
  writing_ = event_add(write_event_.get(), nullptr) == 0;
}

void TcpTransport::shutdown_write() {
  if (state_ == State::kOpen) ::shutdown(fd_, SHUT_WR);
}

void TcpTransport::drop_events() {
  if (loop_.base() == nullptr) return; // a forked child: the epoll set is the parent's
  if (event_initialized(&event_)) event_del(&event_);
  if (write_event_) event_del(write_event_.get());
}

void TcpTransport::close(bool reset) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  handler_ = nullptr;
  failure_.unlink();
  drop_events();
  if (fd_ < 0) return;
  linger hard{.l_onoff = 1, .l_linger = 0};
  if (reset) ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(fd_);
  fd_ = -1;
}

bool TcpTransport::still_open() {
  char byte;
  ssize_t got;
  do {
    got = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

Address TcpTransport::local() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (fd_ < 0 || ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return from_sockaddr(reinterpret_cast<sockaddr*>(&address));
}

} // namespace kgw::net
