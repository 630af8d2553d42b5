#pragma once
// One client connection: bytes to the codec, events to exchanges, answers back.

#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/timer_wheel.h"
#include "codec/server_codec.h"
#include "net/output.h"
#include "net/transport.h"
#include "proxy/client_stream.h"
#include "proxy/exchange.h"
#include "proxy/port.h"

namespace kgw::proxy {

class Downstream final : public net::Deferred,
                         public net::TransportHandler,
                         public codec::ArenaSource,
                         public base::ListLink<Downstream> {
 public:
  Downstream(Port& port, std::unique_ptr<net::Transport> transport);
  ~Downstream() override;

  // The port or the worker drains: an idle connection closes now, a busy one after its response.
  void drain();
  // The drain is over: what is open ends visibly.
  void cut();

  // ---- what its streams want
  void write_inform(ClientStream& stream, const http::Head& head);
  void write_head(ClientStream& stream, const http::Head& head, bool end, bool early);
  void write_data(ClientStream& stream, std::span<const char> data, bool end);
  void write_trailers(ClientStream& stream, const http::Head* trailers);
  void abort(ClientStream& stream);
  size_t queued(const ClientStream& stream) const { return output_.queued() + codec_->queued(stream.id); }
  void hold(ClientStream& stream, bool held);
  void done(ClientStream& stream);

 private:
  enum class State : uint8_t {
    kHandshake,
    kOpen,
    kLingering, // everything is written or being written; reads are thrown away so that the answer survives
    kClosed,
  };
  enum Pause : uint8_t { kUpload = 1 << 0, kPipelined = 1 << 1, kEnded = 1 << 2, kOutput = 1 << 3 };

  // net::TransportHandler
  void on_connected() override;
  void on_connect_failed(const net::ConnectError& error) override;
  void on_readable() override;
  void on_writable() override;
  // codec::ArenaSource
  base::Arena& request_arena(codec::StreamId stream) override;

  void process(std::span<char> in);
  bool deliver(codec::Event& event); // false: the connection takes no more requests
  void begin(codec::Event& event);
  void refuse(const codec::Event& event);
  void refuse_connection(uint16_t status, std::string_view reason);
  ClientStream& open_stream(codec::StreamId id);
  void leave(exchange::Gone how, std::string_view reason = {}); // all that is open
  void write_own();
  void slow_down();
  bool choose_codec(std::span<const char> first); // false: more of them are needed
  bool busy() const { return open_ > 0; }
  bool full() const { return codec_ != nullptr && open_ >= codec_->capacity(); }
  void count_refusal(std::string_view reason);
  void keep_rest(std::span<char> rest);
  void process_rest();
  bool turn_is_over();
  void keep_for_next_turn(std::span<char> rest);
  void ended_by_client(bool reset);
  void linger();
  void close(bool reset);
  void pause(Pause reason);
  void resume(Pause reason);
  void on_timer(Instant now);
  Duration flush_time() const;
  Instant due();
  void arm();
  Instant now() const { return port_.context->loop.now(); }

  Port& port_;
  std::unique_ptr<net::Transport> transport_;
  net::Output output_;
  std::unique_ptr<codec::ServerCodec> codec_; // null until the client has said which
  base::OutBuffer stash_;                     // read, but not yet parsed: a part of a head, or pipelined requests
  ClientStream first_;
  std::vector<std::unique_ptr<ClientStream>> more_;
  base::IntrusiveList<ClientStream, ClientStream> streams_, spare_;
  unsigned open_ = 0;        // in streams_
  Exchange* next_ = nullptr; // taken for the head that is being parsed
  net::Task process_rest_;
  base::Timer timer_;
  Instant idle_since_, head_since_{}, linger_until_{};
  Instant ends_at_ = base::kNever; // of a drain, if the client does not answer
  std::string peer_address_;
  http::Peer peer_;
  State state_ = State::kOpen;
  uint64_t turn_ = 0;  // in which `begun_in_turn_` were begun
  uint64_t begun_ = 0; // requests, over the connection's life
  uint32_t begun_in_turn_ = 0;
  uint8_t paused_ = 0;
  Instant lingering_since_{}; // or since somebody looked
};

} // namespace kgw::proxy
