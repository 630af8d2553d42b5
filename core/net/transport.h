#pragma once
// A byte stream: TCP, TLS over TCP, memory in tests. The seam that makes a whole worker testable without sockets.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "net/address.h"
#include "net/loop.h"

namespace kgw::net {

struct IoResult {
  enum class Kind : uint8_t { kBytes, kAgain, kEof, kError } kind = Kind::kAgain;
  size_t bytes = 0;
  int os_error = 0;
};

enum class ConnectFailure : uint8_t { kRefused /* or unreachable, reset */, kLocal /* no fd, no port */ };

struct ConnectError {
  ConnectFailure kind{};
  int os_error = 0;          // 0 when the connection stood but the TLS handshake failed
  std::string_view tls = {}; // then: why, in OpenSSL's words; lives for the call
};

class TransportHandler {
 public:
  virtual void on_connected() {}                         // of a transport made by connect()
  virtual void on_connect_failed(const ConnectError&) {} // never from inside connect(): next turn at the earliest
  virtual void on_readable() = 0;                        // level-triggered; also at end of stream and on errors
  virtual void on_writable() = 0;                        // after want_write(true)

 protected:
  ~TransportHandler() = default;
};

// Reading starts enabled (once connected). All calls on the loop's thread. The handler may be destroyed only after the
// transport is, or after set_handler(nullptr). The transport itself dies through close() + Loop::defer_delete.
class Transport : public Deferred {
 public:
  virtual void set_handler(TransportHandler* handler) = 0;
  virtual IoResult read(std::span<char> into) = 0;         // one recv
  virtual IoResult write(std::span<const char> bytes) = 0; // one send (MSG_NOSIGNAL)
  virtual void pause_reading() = 0;                        // idempotent; costs an epoll_ctl when it changes something
  virtual void resume_reading() = 0;                       // data that waited makes on_readable come in a later turn
  virtual void want_write(bool wanted) = 0;
  virtual void shutdown_write() = 0;  // FIN after what was written
  virtual void close(bool reset) = 0; // no callback afterwards; reset: RST instead of FIN
  virtual bool still_open() = 0;      // peeks: false when the peer closed or sent something
  virtual Address peer() const = 0;
  virtual Address local() const = 0;
  virtual bool secure() const { return false; }            // TLS; on_connected comes after the handshake on both sides
  virtual std::string_view protocol() const { return {}; } // what TLS has agreed on (RFC 7301); empty: nothing
  // Bytes that were taken and that the kernel does not have yet; on_writable comes when they are gone.
  size_t pending() const { return pending_; }

 protected:
  size_t pending_ = 0;
};

// Where transports come from; memory networks implement it in tests.
class Network {
 public:
  virtual ~Network() = default;
  // Never fails inline: errors arrive as on_connect_failed.
  virtual std::unique_ptr<Transport> connect(const Address& to, TransportHandler& handler) = 0;
};

std::unique_ptr<Network> make_tcp_network(Loop& loop);

} // namespace kgw::net
