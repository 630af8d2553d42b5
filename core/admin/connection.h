#pragma once
// One client of the admin address: HTTP/1 requests one after the other, each answered before the next is read.

#include <functional>
#include <memory>
#include <string>

#include "admin/message.h"
#include "admin/site.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/timer_wheel.h"
#include "codec/server_codec.h"
#include "http/date.h"
#include "net/loop.h"
#include "net/output.h"
#include "net/transport.h"

namespace kgw::admin {

class Connection;

// What all connections of a server have in common. They share its ownership, for they die after the server, at the end
// of the turn.
struct ConnectionShared {
  net::Loop& loop;
  Site& site;
  size_t body_bytes;
  size_t watches; // at most so many answers may be streams at a time
  std::function<void(Connection&)> on_closed = nullptr;
  size_t watching = 0;
  http::Date date{};
  net::OutputScratch scratch{};
  base::ChunkPool chunks{};
};

class Connection final : public net::Deferred, net::TransportHandler, codec::ArenaSource {
 public:
  Connection(std::shared_ptr<ConnectionShared> shared, std::unique_ptr<net::Transport> transport);
  // There may be news for an answer that streams.
  void pull();
  // Ends a streaming answer as if it were complete, then closes.
  void shut_down();
  // In a forked child, after the loop was abandoned: closes the fd and leaves everything else alone. The connection is
  // leaked then, for its timer may stand in a list that the fork caught half changed.
  void abandon() { transport_->close(false); }

 private:
  enum class Phase : uint8_t {
    kReading,   // a request, or waiting for one
    kAnswering, // the site has the request
    kStreaming, // the answer has begun and grows
    kFlushing,  // the last answer waits for the peer to take it
    kLingering, // all is sent and said; the peer may still be sending
    kClosed,
  };

  void on_readable() override;
  void on_writable() override;
  base::Arena& request_arena(codec::StreamId) override;

  void take(std::span<const char> bytes);
  void process();
  void on_event(const codec::Event& event);
  void begin_request(const http::Head& head, bool end);
  void add_body(std::span<const char> data, bool end);
  void refuse(int status, std::string_view reason, std::string_view message);
  void refuse_too_large();
  void submit();
  void respond(Response response);
  void write_head(const Response& response, bool streams);
  void begin_stream(Response response);
  void after_response();
  void drained();
  void linger();
  void close();
  void set_phase(Phase phase);
  void arm();
  void on_timer();
  base::OutBuffer& out() { return output_.open(); }
  void flush();

  std::shared_ptr<ConnectionShared> shared_;
  std::unique_ptr<net::Transport> transport_;
  base::Arena request_arena_, response_arena_;
  std::unique_ptr<codec::ServerCodec> codec_;
  net::Output output_;
  base::OutBuffer in_; // what was read and not yet understood
  Request request_;
  std::unique_ptr<Stream> stream_;
  // Answers may come after the connection went; they find out through this.
  std::shared_ptr<Connection*> self_;
  base::Timer timer_;
  net::Task resume_;
  size_t lingered_bytes_ = 0;
  Phase phase_ = Phase::kReading;
  bool head_request_ = false;
  bool in_request_ = false; // a first byte was read, the last one was not
  bool peer_ended_ = false;
};

} // namespace kgw::admin
