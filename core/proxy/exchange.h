#pragma once
// One client request with everything done for it. Executes the machine's Steps (the driver) and moves the response to
// the sink (the relay). Decides nothing: what to do next is always the machine's answer.

#include <array>

#include "base/arena.h"
#include "base/timer_wheel.h"
#include "exchange/event.h"
#include "exchange/resolve.h"
#include "http/forwarding.h"
#include "http/local_reply.h"
#include "proxy/attempt.h"
#include "proxy/body.h"
#include "proxy/context.h"
#include "proxy/sink.h"

namespace kgw::proxy {

class Exchange {
 public:
  explicit Exchange(Context& context);

  // ---- client side. Any of these may end the exchange: do not touch it afterwards without asking the sink.
  // `head` was parsed into arena(). `snapshot` is pinned for as long as it is needed.
  void open(Sink& sink, WorkerSnapshot& snapshot, size_t socket, const http::Peer& peer, http::Head& head, bool end);
  void client_data(std::span<const char> data, bool end);
  void client_end(http::Head* trailers);
  void client_gone(exchange::Gone how, std::string_view reason = {});
  // The client's side of a tunnel has ended: what it sent still goes on, and when nothing moves for `grace` all of it
  // ends.
  void tunnel_closing(Duration grace);
  // Instead of open(): no head that can be forwarded could be made of what came. `known`: as much of it as there is.
  void refuse(Sink& sink, WorkerSnapshot& snapshot, size_t socket, uint16_t status, std::string_view reason,
              const http::Head& known = {});
  void download_moved(bool own); // the client took bytes; `own`: certainly of this answer

  base::Arena& arena() { return arena_; }
  bool request_ended() const { return body_ended_ || tunnel_waits(); }

  // ---- what attempts ask and tell
  const http::Head& request() const { return head_; }
  // `usual`: the protocol that they go out in has trailers always. HTTP/1 has them where the listener keeps them.
  const http::Head* request_trailers(bool usual) const { return keep_trailers_ || usual ? trailers_ : nullptr; }
  Body& body() { return body_; }
  bool body_ended() const { return body_ended_; }
  // A tunnel was asked for and is not open: what the client has sent for it stays here.
  bool tunnel_waits() const { return planned_ && plan_.tunnel && !tunnel_; }
  http::AttemptHeaders attempt_headers(const exchange::StartInfo& start) const;
  size_t high_watermark() const { return high_watermark_; }
  void count_sent(uint32_t attempt, size_t bytes) {
    touch();
    ledger_.at(attempt).bytes_sent += bytes;
  }
  void count_limit(exchange::Decision broken);
  void release_body(); // drops what every live attempt has taken
  void attempt_ready(uint8_t slot, bool reused);
  void attempt_failed(uint8_t slot, const exchange::Failure& failure);
  void attempt_informed(uint8_t slot, http::Head& head);
  void attempt_answered(uint8_t slot, http::Head& head, bool end);
  void attempt_data(uint8_t slot, std::span<const char> data, bool end);
  void attempt_finished(uint8_t slot, http::Head* trailers, bool usual);
  void upload_moved(bool own);

 private:
  friend class Context;
  void reset();
  void answer(const exchange::Resolution& resolution);
  void begin(Sink& sink, WorkerSnapshot& snapshot, size_t socket);
  // Feeds the machine one event and carries out what it wants; `feed` alone only asks.
  void run(const exchange::Event& event) { carry_out(feed(event)); }
  exchange::Step feed(const exchange::Event& event);
  void carry_out(exchange::Step step);
  // False: the head cannot be forwarded, and the attempt has failed.
  bool take_head(uint8_t slot, http::Head& head);
  void forward(http::Head& head, bool end);
  void take_debug();
  void show_attempts(http::Head& head); // in a field of the response, if the client asked for it
  void open_tunnel();
  std::string_view number(int64_t value); // as text in the arena
  void reply(const exchange::Reply& reply);
  void finish();
  void let_go_of_snapshot();
  void pump();
  void check_upload();
  uint64_t most_unsent() const;
  void on_timer(Instant now);
  void arm();
  Instant now() const { return context_.loop.now(); }
  void touch() { last_activity_ = now(); }
  void count_response(uint16_t status);

  Context& context_;
  base::Arena arena_;
  http::Head head_;
  http::Head trailers_head_;
  const http::Head* trailers_ = nullptr;
  exchange::Plan plan_;
  retry::Policy own_policy_; // what plan_.retry points to when the client changed the route's
  exchange::Machine machine_;
  exchange::Ledger ledger_;
  Body body_;
  std::array<Attempt, exchange::Machine::kMaxLive> attempts_;
  base::Timer timer_;
  Sink* sink_ = nullptr; // null: not open
  WorkerSnapshot* snapshot_ = nullptr;
  upstream::ClusterPools* pools_ = nullptr; // retained
  ListenerStats* stats_ = nullptr;
  http::Head* answer_head_ = nullptr; // the response head of the Step being run
  std::string_view route_, cluster_, allow_;
  Duration idle_timeout_{};
  Instant last_activity_{};
  size_t high_watermark_ = 0;
  int64_t started_unix_us_ = 0;
  uint8_t winner_ = 0;
  bool planned_ = false; // the machine runs; otherwise the exchange was answered at once
  exchange::Gone after_silence_ = exchange::Gone::kIdle;
  bool keep_trailers_ = false, tunnel_ = false, shows_attempts_ = false;
  bool websocket_key_ = false; // ours
  bool body_ended_ = false, upload_paused_ = false, download_paused_ = false, head_request_ = false;
  http::ReplyForm reply_form_ = http::ReplyForm::kPlain;
};

} // namespace kgw::proxy
