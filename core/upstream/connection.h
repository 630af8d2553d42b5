#pragma once
// One connection to an endpoint: transport, codec, and the streams it carries.

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
  // How many streams more it could carry now.
  int room() const {
    return state_ == State::kClosed || silent_ ? 0 : static_cast<int>(codec_->capacity()) - static_cast<int>(carrying_);
  }
  bool carries_nothing() const { return carrying_ == 0; }
  bool is_closed() const { return state_ == State::kClosed; }
  bool usable(); // an idle connection: peeks when it idled a second or more
  void go_idle(Instant now);
  // Closes the socket, now; the object dies at the end of the turn.
  void close();

  // Stream's side.
  void write_head(Stream& stream, const http::Head& head, const http::AttemptHeaders& attempt, bool end);
  void write_data(Stream& stream, std::span<const char> data, bool end);
  void write_trailers(Stream& stream, const http::Head& trailers);
  void flush();
  void release(Stream& stream); // cancelled
  size_t queued(const Stream& stream) const { return output_->queued() + codec_->queued(stream.id_); }
  void hold(Stream& stream, bool held);
  bool always_trailers() const { return codec_->always_trailers(); }

 private:
  enum class State : uint8_t { kConnecting, kActive, kIdle, kClosed };
  void on_connected() override;
  void on_connect_failed(const net::ConnectError& error) override;
  void on_readable() override;
  void on_writable() override;
  void process(std::span<char> in);
  void deliver(const codec::Event& event);
  void make_room();
  void tell_reset(Stream& stream, const codec::Event& event);
  void detach(Stream& stream);
  void write_own();
  void tell();
  void grow();
  void ended_by_peer(bool reset);
  void fail(FailureKind kind, const char* fault = "");
  void on_timer(Instant now);
  void end_of_writes();
  Instant ask_for_life(Instant now);
  void wake_at(Instant due);

  Pool& pool_;
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<codec::ClientCodec> codec_;
  std::unique_ptr<net::Output> output_;
  base::OutBuffer stash_; // a part of a head that waits for the rest
  base::IntrusiveList<Stream, Stream> streams_;
  uint32_t carrying_ = 0; // in streams_
  unsigned capacity_ = 1; // of the codec, when the pool last looked
  net::Task tell_;        // what came of writing
  base::Timer timer_;     // connecting: the connect timeout; later: idle and silence, re-armed lazily
  Instant idle_since_{};
  uint64_t carried_ = 0;
  Instant heard_{};         // when the peer last said anything
  Instant pinged_{};        // and was asked to
  bool silent_ = false;     // a request was given up in vain for a long while: it may be dead, and gets no other
  bool unheard_ = false;    // the peer takes none of our answers, so it is not read
  bool half_close_ = false; // the client's side of a tunnel has ended: the same here once everything is written
  State state_ = State::kConnecting;
};

} // namespace kgw::upstream
