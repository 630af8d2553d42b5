#pragma once
// One connection to an endpoint: transport, codec, and the stream it carries.

#include <memory>

#include "base/buffer.h"
#include "base/intrusive_list.h"
#include "base/timer_wheel.h"
#include "codec/client_codec.h"
#include "net/output.h"
#include "net/transport.h"
#include "upstream/stream.h"

namespace kgw::upstream {

class Pool;

class Connection final : public net::Deferred, public net::TransportHandler, public base::ListLink<Connection> {
 public:
  explicit Connection(Pool& pool);
  ~Connection() override;

  void connect();
  // Carries `stream` from now on. `reused` tells whether it carried another before.
  void attach(Stream& stream);
  bool reused() const { return carried_ > 0; }
  bool usable();  // an idle connection: peeks when it idled a second or more
  void go_idle(Instant now);
  // Closes the socket, now; the object dies at the end of the turn.
  void close();

  // Stream's side.
  void write_head(Stream& stream, const http::Head& head, const http::AttemptHeaders& attempt, bool end);
  void write_data(Stream& stream, std::span<const char> data, bool end);
  void write_trailers(Stream& stream, const http::Head& trailers);
  void flush();
  void release(Stream& stream);  // cancelled: closes unless it is idle already
  net::Output& output() { return *output_; }
  net::Transport& transport() { return *transport_; }

 private:
  enum class State : uint8_t { kConnecting, kActive, kIdle, kClosed };
  void on_connected() override;
  void on_connect_failed(const net::ConnectError& error) override;
  void on_readable() override;
  void on_writable() override;
  void process(std::span<char> in);
  void deliver(const codec::Event& event);
  void finish_response();
  void ended_by_peer(bool reset);
  void fail(FailureKind kind, const char* fault = "");
  void on_timer(Instant now);
  void end_of_writes();

  Pool& pool_;
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<codec::ClientCodec> codec_;
  std::unique_ptr<net::Output> output_;
  base::OutBuffer stash_;  // a part of a head that waits for the rest
  Stream* stream_ = nullptr;
  base::Timer timer_;      // connecting: the connect timeout; later: idle, re-armed lazily
  Instant idle_since_{};
  uint64_t carried_ = 0;
  bool half_close_ = false;  // the client's side of a tunnel has ended: the same here once everything is written
  State state_ = State::kConnecting;
};

} // namespace kgw::upstream
