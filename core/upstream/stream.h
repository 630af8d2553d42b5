#pragma once
// One attempt's hold on a connection to an endpoint, whatever the protocol.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/intrusive_list.h"
#include "base/time.h"
#include "codec/client_codec.h"
#include "http/head.h"

namespace kgw::upstream {

enum class FailureKind : uint8_t {
  kRemoteConnection, // refused, unreachable
  kLocalConnection,  // no descriptor, no port
  kConnectTimeout,
  kTermination,  // closed or reset before the first byte of the response
  kProtocol,     // unparsable, or cut inside the response
  kOverflow,     // a breaker of the pool
  kReset,        // the endpoint reset the stream
  kRefused,      // the same, with proof that it did nothing
  kConnectError, // the same, for a CONNECT that it could not carry out
};

struct StreamFailure {
  FailureKind kind;
  bool head_sent = false;
  std::string_view text = {}; // the transport's words; lives for the call
  const char* fault = "";     // kProtocol: what the codec found wrong; static
};

// What a stream tells. After on_failed or the end of the response no further call comes. Heads and data live for the
// call.
class StreamHandler {
 public:
  virtual void on_ready(bool reused) = 0; // a lease that had to wait has a connection now
  virtual void on_failed(const StreamFailure& failure) = 0;
  virtual void on_inform(http::Head& head) = 0;
  virtual void on_head(http::Head& head, bool end) = 0;
  virtual void on_data(std::span<const char> data, bool end) = 0;
  virtual void on_end(http::Head* trailers) = 0; // null: none
  // There is room for more of the request; `own`: certainly because its own bytes have moved. Else the kernel has taken
  // all but half a buffer of what was queued on the connection.
  virtual void on_drained(bool own) = 0;

 protected:
  ~StreamHandler() = default;
};

class Connection;
class Pool;

class Stream : public base::ListLink<Stream> {
 public:
  explicit Stream(StreamHandler& handler) : handler_(handler) {}
  ~Stream() { cancel(); }

  bool attached() const { return connection_ != nullptr; }
  bool waiting() const { return pool_ != nullptr; }
  // Writes are coalesced until flush().
  void write_head(const http::Head& head, const http::AttemptHeaders& attempt, bool end);
  void write_data(std::span<const char> data, bool end);
  void write_trailers(const http::Head& trailers);
  void flush();
  // The answer has opened the tunnel that the request asked for: its data follows.
  void open_tunnel() { request_complete_ = false; }
  bool always_trailers() const; // as the codec says
  size_t queued() const;        // request bytes that the kernel has not taken
  void pause_reading();         // of the response
  void resume_reading();
  // Gives the stream up. A connection whose messages are both complete was returned already; any other carries on only
  // if its protocol can end one stream alone.
  void cancel();

 private:
  friend class Connection;
  friend class Pool;
  StreamHandler& handler_;
  Connection* connection_ = nullptr; // which has it in its list
  Pool* pool_ = nullptr;             // while waiting for a connection, in a list of it
  codec::StreamId id_ = 0;
  Instant attached_{}; // when it got its connection
  bool head_sent_ = false, request_complete_ = false;
  bool refused_ = false; // by a breaker; waits to be told
};

} // namespace kgw::upstream
