#pragma once
// TCP as a Transport. Internal to net.

#include <memory>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "net/transport.h"

namespace kgw::net {

// One event for the fd's whole life (level-triggered, persistent), so no epoll_ctl per request. A second one exists
// from the first want_write(true) on: most connections never need it.
class TcpTransport final : public Transport {
 public:
  // Of an accepted connection; takes `fd` (non-blocking). Null, and `fd` closed, when the kernel refuses to watch it.
  static std::unique_ptr<TcpTransport> accepted(Loop& loop, int fd, const Address& peer);
  static std::unique_ptr<TcpTransport> connecting(Loop& loop, const Address& to, TransportHandler& handler);
  ~TcpTransport() override;

  void set_handler(TransportHandler* handler) override;
  IoResult read(std::span<char> into) override;
  IoResult write(std::span<const char> bytes) override;
  void pause_reading() override;
  void resume_reading() override;
  void want_write(bool wanted) override;
  void shutdown_write() override;
  void close(bool reset) override;
  bool still_open() override;
  Address peer() const override { return peer_; }
  Address local() const override;

 private:
  enum class State : uint8_t { kConnecting, kOpen, kClosed };
  TcpTransport(Loop& loop, int fd, const Address& peer, State state);

  int start_connect();
  void fail_later(int os_error);
  void connect_ended();
  void watch_reading(); // in the epoll set when there is somebody to tell, out of it while paused
  void drop_events();
  static void ready_to_read(int fd, short what, void* self);
  static void ready_to_write(int fd, short what, void* self);
  static void connect_ready(int fd, short what, void* self);
  static void report_failure(void* self);

  Loop& loop_;
  TransportHandler* handler_ = nullptr;
  int fd_;
  int connect_error_ = 0;
  State state_;
  bool paused_ = false;   // by our owner
  bool watching_ = false; // event_ is in the epoll set, for reading
  bool writing_ = false;  // write_event_ is
  Address peer_;
  Task failure_;
  event event_{}; // connecting: writability, once; afterwards readability
  std::unique_ptr<event> write_event_;
};

} // namespace kgw::net
