#include "proxy/downstream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "codec/choose.h"
#include "codec/h1/h1.h"

namespace kgw::proxy {
namespace {

codec::HeadLimits limits_of(const snapshot::ListenerSettings& settings) {
  return {.head_bytes = static_cast<uint32_t>(settings.request_head_bytes),
          .line_bytes = static_cast<uint32_t>(settings.request_line_bytes),
          .field_count = static_cast<uint16_t>(settings.request_header_count),
          .chunk_line_bytes = static_cast<uint32_t>(settings.chunk_line_bytes),
          .accept_http_1_0 = settings.accept_http_1_0 != 0};
}

codec::StreamLimits stream_limits_of(const snapshot::ListenerSettings& settings) {
  return {.concurrent_streams = static_cast<uint32_t>(settings.h2_concurrent_streams),
          .stream_window_bytes = static_cast<uint32_t>(settings.h2_stream_window_bytes),
          .connection_window_bytes = static_cast<uint32_t>(settings.h2_connection_window_bytes),
          .resets = static_cast<uint32_t>(settings.h2_resets),
          .empty_frames = static_cast<uint32_t>(settings.h2_empty_frames),
          .priority_frames = static_cast<uint32_t>(settings.h2_priority_frames),
          .window_updates = static_cast<uint32_t>(settings.h2_window_updates),
          .continuation_frames = static_cast<uint32_t>(settings.h2_continuation_frames),
          .extended_connect = settings.accept_extended_connect != 0};
}

} // namespace

Downstream::Downstream(Port& port, std::unique_ptr<net::Transport> transport)
    : port_(port), transport_(std::move(transport)),
      output_(*transport_, port.context->upstream.output, port.context->upstream.chunks), first_(*this),
      process_rest_([](void* self) { static_cast<Downstream*>(self)->process_rest(); }, this),
      timer_([](void* self, Instant at) { static_cast<Downstream*>(self)->on_timer(at); }, this),
      idle_since_(port.context->loop.now()) {
  net::Address peer = transport_->peer();
  peer_address_ = peer.host();
  peer_.address = peer_address_;
  peer_.forwarded_address =
      peer.loopback() ? std::string_view(port.context->identity.local_address) : std::string_view(peer_address_);
  const auto& internal = port_.context->identity.internal;
  peer_.internal =
      std::any_of(internal.begin(), internal.end(), [&](const net::Cidr& range) { return range.contains(peer); });
  spare_.push_back(first_);
  port_.connections.push_back(*this);
  ++port_.connection_count;
  port_.stats().downstream_cx_total.add();
  port_.stats().downstream_cx_active.add();
  peer_.tls = transport_->secure();
  if (peer_.tls) state_ = State::kHandshake;
  transport_->set_handler(this);
  arm();
}

Downstream::~Downstream() = default;

void Downstream::on_connected() {
  state_ = State::kOpen;
  idle_since_ = now();
  arm();
  if (port_.draining()) drain();
}

void Downstream::on_connect_failed(const net::ConnectError&) {
  port_.stats().ssl_connection_error.add();
  close(true);
}

// ---- reading -------------------------------------------------------------------------------------------------------

base::Arena& Downstream::request_arena(codec::StreamId) {
  if (next_ == nullptr) {
    next_ = &port_.context->take_exchange();
  } else {
    next_->arena().reset(); // the head that it was for came to nothing
  }
  return next_->arena();
}

void Downstream::on_readable() {
  std::span<char> scratch = port_.context->upstream.input;
  size_t kept = stash_.size();
  if (state_ == State::kLingering) kept = 0;
  if (kept > 0) std::memcpy(scratch.data(), stash_.bytes().data(), kept);
  net::IoResult result = transport_->read(scratch.subspan(kept, upstream::Context::kReadBytes));
  if (result.kind == net::IoResult::Kind::kAgain) return;
  if (result.kind != net::IoResult::Kind::kBytes) return ended_by_client(result.kind == net::IoResult::Kind::kError);
  if (state_ == State::kLingering) return;
  stash_.clear();
  process(scratch.first(kept + result.bytes));
  port_.context->upstream.output.flush();
}

void Downstream::process_rest() {
  bool tunnel = codec_ != nullptr && codec_->tunnel();
  if (state_ != State::kOpen || stash_.empty() || (full() && !tunnel)) return;
  if (!busy() && output_.queued() > static_cast<size_t>(port_.settings().buffer_bytes))
    return; // on_writable comes back to it
  resume(kPipelined);
  base::OutBuffer rest = std::exchange(stash_, base::OutBuffer{});
  process(rest.mutable_bytes());
  port_.context->upstream.output.flush();
}

void Downstream::process(std::span<char> in) {
  if (codec_ == nullptr && !choose_codec(in)) return keep_rest(in);
  codec::Event event;
  while (state_ == State::kOpen) {
    if (!in.empty() && !full() && turn_is_over()) return keep_for_next_turn(in);
    if (codec_->next(in, event) == codec::EventKind::kNeedMore) {
      if (codec_->wants_write()) [[unlikely]] {
        write_own(); // which may have something to tell
        continue;
      }
      slow_down();
      return keep_rest(in);
    }
    if (!deliver(event)) return;
  }
}

bool Downstream::choose_codec(std::span<const char> first) {
  const snapshot::ListenerSettings& settings = port_.settings();
  codec_ = codec::choose_server_codec(transport_->protocol(), first, *this, limits_of(settings),
                                      stream_limits_of(settings), &port_.context->upstream.blocks);
  if (codec_ != nullptr && codec_->multiplexes()) output_.gather();
  return codec_ != nullptr;
}

void Downstream::write_own() {
  codec_->write(output_.open());
  output_.flush();
  slow_down();
}

// Answers that the client does not take are no reason to take more questions: heads and acknowledgements obey no
// window.
void Downstream::slow_down() {
  bool one_at_a_time = !codec_->multiplexes(); // then the answer is for a request that is still read
  if ((!one_at_a_time || !full()) && output_.queued() > static_cast<size_t>(port_.settings().buffer_bytes) * 2)
    pause(kOutput);
}

// A client that pipelines many small requests must not hold up the others on this worker.
bool Downstream::turn_is_over() {
  if (turn_ != port_.context->turn) {
    turn_ = port_.context->turn;
    begun_in_turn_ = 0;
  }
  return begun_in_turn_ >= static_cast<uint32_t>(port_.settings().requests_per_turn);
}

void Downstream::keep_for_next_turn(std::span<char> rest) {
  if (codec_->wants_write()) write_own();
  port_.stats().limit_requests_per_turn.add();
  stash_.append({rest.data(), rest.size()});
  pause(kPipelined);
  port_.context->loop.post(process_rest_);
}

bool Downstream::deliver(codec::Event& event) {
  auto* stream = static_cast<ClientStream*>(event.user);
  switch (event.kind) {
  case codec::EventKind::kHead: begin(event); return true;
  case codec::EventKind::kData:
    if (stream != nullptr) stream->exchange->client_data(event.data, event.end);
    return true;
  case codec::EventKind::kEnd:
  case codec::EventKind::kTrailers:
    if (stream != nullptr) stream->exchange->client_end(event.head);
    return true;
  case codec::EventKind::kReset:
    if (event.reason != nullptr) {
      count_refusal(event.reason);
      stream->exchange->client_gone(exchange::Gone::kProtocol, event.reason);
    } else {
      stream->exchange->client_gone(exchange::Gone::kReset,
                                    event.reset == codec::Reset::kRefused ? "http2.remote_refuse" : "");
    }
    return true;
  case codec::EventKind::kDrained: stream->exchange->download_moved(true); return true;
  case codec::EventKind::kRefused: refuse(event); return true;
  case codec::EventKind::kOver: linger(); return false;
  default: refuse_connection(event.status, event.reason); return false;
  }
}

ClientStream& Downstream::open_stream(codec::StreamId id) {
  ClientStream* stream = spare_.pop_front();
  if (stream == nullptr) stream = more_.emplace_back(std::make_unique<ClientStream>(*this)).get();
  stream->id = id;
  stream->exchange = next_ != nullptr ? std::exchange(next_, nullptr) : &port_.context->take_exchange();
  streams_.push_back(*stream);
  ++open_;
  codec_->bind(id, stream);
  return *stream;
}

void Downstream::begin(codec::Event& event) {
  head_since_ = {};
  ClientStream& stream = open_stream(event.stream);
  ++begun_in_turn_;
  if (auto most = static_cast<uint64_t>(port_.settings().requests_per_connection); ++begun_ == most) {
    port_.stats().downstream_cx_max_requests_reached.add();
    codec_->end();
    if (codec_->wants_write()) write_own(); // what stands behind this request is not begun
  }
  // RFC 9110 10.1.1: we take the body in any case, so the client need not wait for the origin.
  if (const http::Field* expect = event.head->find(http::Token::kExpect);
      expect != nullptr && base::equal_ignore_case(expect->value_view(), "100-continue")) {
    event.head->remove(http::Token::kExpect);
    if (!event.end) {
      http::Head informational;
      informational.status = 100;
      write_inform(stream, informational);
    }
  }
  // RFC 9110 4.3: what the connection is decides, not what the request says.
  event.head->scheme = peer_.tls ? "https" : "http";
  stream.exchange->open(stream, port_.snapshot(), port_.socket, peer_, *event.head, event.end);
}

// One request is answered without being looked at any further.
void Downstream::refuse(const codec::Event& event) {
  head_since_ = {};
  count_refusal(event.reason);
  ClientStream& stream = open_stream(event.stream);
  stream.exchange->refuse(stream, port_.snapshot(), port_.socket, event.status, event.reason, *event.head);
}

// What cannot be parsed is answered, if its turn has come and there is anything to answer on, and the connection
// closes.
void Downstream::refuse_connection(uint16_t status, std::string_view reason) {
  count_refusal(reason);
  if (busy() || status == 0) {
    leave(exchange::Gone::kProtocol, reason);
    if (codec_->wants_write()) write_own();
    return linger();
  }
  codec_->end();
  ClientStream& stream = open_stream(0);
  stream.exchange->refuse(stream, port_.snapshot(), port_.socket, status, reason);
  if (!busy()) linger();
}

void Downstream::leave(exchange::Gone how, std::string_view reason) {
  ClientStream* next = nullptr;
  for (ClientStream* stream = streams_.front(); stream != nullptr; stream = next) {
    next = streams_.next(*stream);
    stream->exchange->client_gone(how, reason);
  }
}

void Downstream::count_refusal(std::string_view reason) {
  ListenerStats& stats = port_.stats();
  switch (exchange::decision_of_refusal(reason)) {
  case exchange::Decision::kLimitRequestHeadBytes: stats.limit_request_head_bytes.add(); break;
  case exchange::Decision::kLimitRequestHeaderCount: stats.limit_request_header_count.add(); break;
  case exchange::Decision::kLimitRequestLineBytes: stats.limit_request_line_bytes.add(); break;
  case exchange::Decision::kLimitRequestHeadTimeout: stats.downstream_rq_header_timeout.add(); break;
  case exchange::Decision::kLimitChunkLineBytes: stats.limit_chunk_line_bytes.add(); break;
  default: stats.downstream_cx_protocol_error.add(); break;
  }
}

// Bytes that wait: a part of a head, or the next requests of a client that pipelines. The latter stop the reading.
void Downstream::keep_rest(std::span<char> rest) {
  if (!rest.empty()) stash_.append({rest.data(), rest.size()});
  if (!rest.empty() && full() && streams_.front()->exchange->request_ended()) return pause(kPipelined);
  bool part_of_head = codec_ == nullptr ? !rest.empty() : !full() && codec_->reading_head(rest);
  if (!part_of_head) {
    head_since_ = {};
  } else if (head_since_ == Instant{}) {
    head_since_ = now();
    arm();
  }
}

// ---- answering -----------------------------------------------------------------------------------------------------

void Downstream::write_inform(ClientStream& stream, const http::Head& head) {
  codec_->write_inform(stream.id, head, output_.open());
  output_.flush();
}

void Downstream::write_head(ClientStream& stream, const http::Head& head, bool end, bool early) {
  if (early) codec_->answered_early();
  if (port_.draining()) codec_->close_after_response();
  codec_->write_head(stream.id, head, end, output_.open());
  // What the client sent behind its request waited as a next request; it belongs to the tunnel.
  if (codec_->tunnel() && !stash_.empty()) port_.context->loop.post(process_rest_);
}

void Downstream::write_data(ClientStream& stream, std::span<const char> data, bool end) {
  codec_->write_data(stream.id, data, end, output_.open());
  // A full scratch goes out at once; small pieces of one event are sent together.
  if (!end && data.size() >= 16384) output_.flush();
}

void Downstream::write_trailers(ClientStream& stream, const http::Head* trailers) {
  if (trailers == nullptr) {
    codec_->write_data(stream.id, {}, true, output_.open());
  } else {
    codec_->write_trailers(stream.id, *trailers, output_.open());
  }
}

void Downstream::abort(ClientStream& stream) {
  if (state_ != State::kOpen) return;
  bool alone = codec_->reset(stream.id, codec::Reset::kInternal, output_.open());
  output_.flush();
  if (!alone) linger();
}

void Downstream::hold(ClientStream& stream, bool held) {
  if (codec_->hold(stream.id, held)) {
    if (codec_->wants_write()) write_own();
    return;
  }
  held ? pause(kUpload) : resume(kUpload);
}

void Downstream::done(ClientStream& stream) {
  codec_->bind(stream.id, nullptr);
  stream.exchange = nullptr;
  base::IntrusiveList<ClientStream, ClientStream>::remove(stream);
  spare_.push_front(stream);
  --open_;
  idle_since_ = now();
  if (state_ != State::kOpen) return;
  if (busy()) return arm();
  // A drain that began behind the head of this response could not announce the end in it.
  bool ends = !codec_->reusable() || (port_.draining() && stash_.empty());
  if (ends && codec_->idle()) return linger(); // else the codec says when it is over
  resume(kUpload);
  if (!stash_.empty()) port_.context->loop.post(process_rest_);
  arm();
}

void Downstream::on_writable() {
  output_.write_more();
  if (output_.failed()) {
    leave(exchange::Gone::kDisconnect);
    return close(true);
  }
  idle_since_ = now();
  if (output_.queued() <= static_cast<size_t>(port_.settings().buffer_bytes)) resume(kOutput);
  if (busy()) {
    ClientStream* next = nullptr;
    for (ClientStream* stream = streams_.front(); stream != nullptr; stream = next) {
      next = streams_.next(*stream);
      stream->exchange->download_moved(!codec_->multiplexes());
    }
    return;
  }
  if (output_.queued() > 0) return;
  if (state_ == State::kLingering) return transport_->shutdown_write();
  if (!stash_.empty()) process_rest();
}

// ---- ends ----------------------------------------------------------------------------------------------------------

void Downstream::drain() {
  auto idle = [this] {
    return state_ == State::kOpen && !busy() && stash_.empty() && (codec_ == nullptr || codec_->idle());
  };
  if (idle()) on_readable(); // a request that has arrived already is served
  if (state_ != State::kOpen) return;
  bool told = codec_ != nullptr && codec_->close_after_response();
  if (codec_ != nullptr && codec_->wants_write()) write_own();
  if (!told) {
    if (idle()) linger();
    return;
  }
  ends_at_ = now() + base::from_ms(port_.settings().delayed_close_timeout_ms);
  arm();
}

void Downstream::cut() {
  leave(exchange::Gone::kDrain);
  close(true);
}

// A client that closes its side is gone, also when its request is complete (as Envoy). Only what it put into a tunnel
// before still has to arrive (RFC 9110 9.3.6).
void Downstream::ended_by_client(bool reset) {
  if (state_ == State::kOpen && busy() && codec_->tunnel() && !reset) {
    if (!stash_.empty()) process_rest();
    pause(kEnded);
    if (busy()) streams_.front()->exchange->tunnel_closing(base::from_ms(port_.settings().delayed_close_timeout_ms));
    return;
  }
  leave(exchange::Gone::kDisconnect);
  close(false);
}

// Half close, then read on for a while: a close with unread bytes would reset the connection and could destroy the
// answer before the client has read it (RFC 9112 9.6).
void Downstream::linger() {
  if (state_ != State::kOpen) return;
  state_ = State::kLingering;
  if (codec_ != nullptr) {
    codec_->end();
    if (codec_->wants_write()) codec_->write(output_.open());
  }
  output_.send_now();
  paused_ = 0;
  transport_->resume_reading();
  linger_until_ = now() + base::from_ms(port_.settings().delayed_close_timeout_ms);
  if (output_.failed()) return close(true);
  if (output_.queued() == 0) transport_->shutdown_write();
  arm();
}

void Downstream::close(bool reset) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  timer_.disarm();
  process_rest_.unlink();
  if (!reset) output_.send_now();
  transport_->set_handler(nullptr);
  transport_->close(reset);
  if (next_ != nullptr) port_.context->give_back(*next_);
  next_ = nullptr;
  base::IntrusiveList<Downstream, Downstream>::remove(*this);
  --port_.connection_count;
  port_.stats().downstream_cx_active.sub();
  port_.context->loop.defer_delete(std::unique_ptr<net::Deferred>(this));
}

void Downstream::pause(Pause reason) {
  if (paused_ == 0) transport_->pause_reading();
  paused_ |= reason;
}

void Downstream::resume(Pause reason) {
  if ((paused_ & reason) == 0) return;
  paused_ &= static_cast<uint8_t>(~reason);
  if (paused_ == 0 && state_ == State::kOpen) transport_->resume_reading();
}

// ---- time ----------------------------------------------------------------------------------------------------------

// How long a client may take nothing of answers that are complete. Where silence has no limit, that of an idle
// connection holds.
Duration Downstream::flush_time() const {
  const snapshot::ListenerSettings& settings = port_.settings();
  int64_t limit = settings.stream_idle_timeout_ms;
  return base::from_ms(limit > 0 ? limit : settings.connection_idle_timeout_ms);
}

Instant Downstream::due() {
  const snapshot::ListenerSettings& settings = port_.settings();
  if (state_ == State::kHandshake) return idle_since_ + base::from_ms(settings.tls_handshake_timeout_ms);
  if (state_ == State::kLingering) {
    // The linger counts from the last byte the client took.
    Instant flushed = output_.queued() == 0 ? linger_until_ : idle_since_ + flush_time();
    return std::max(flushed, linger_until_);
  }
  if (codec_ == nullptr || !codec_->lingering()) [[likely]] {
    lingering_since_ = {};
  } else {
    if (lingering_since_ == Instant{}) lingering_since_ = now();
    return lingering_since_ + flush_time();
  }
  if (busy() && head_since_ != Instant{}) return head_since_ + base::from_ms(settings.request_head_timeout_ms);
  if (busy()) return base::kNever; // exchanges have their own timers
  if (ends_at_ != base::kNever) return ends_at_;
  if (output_.queued() > 0) return idle_since_ + flush_time();
  if (head_since_ != Instant{}) return head_since_ + base::from_ms(settings.request_head_timeout_ms);
  return idle_since_ + base::from_ms(settings.connection_idle_timeout_ms);
}

void Downstream::arm() {
  Instant when = due();
  if (when < timer_.at()) port_.context->loop.wheel().arm(timer_, when);
}

void Downstream::on_timer(Instant at) {
  if (due() > at) {
    // Armed for something that is over. An open exchange re-arms nothing: done() does.
    return arm();
  }
  if (state_ == State::kHandshake) {
    port_.stats().ssl_handshake_timeout.add();
    return close(true);
  }
  if (state_ == State::kOpen && codec_ != nullptr && codec_->lingering()) {
    lingering_since_ = now();
    port_.stats().downstream_rq_idle_timeout.add();
    codec_->drop_lingering(output_.open());
    output_.flush();
    if (!busy() && !codec_->reusable() && codec_->idle()) return linger();
    return arm();
  }
  if (state_ == State::kOpen && head_since_ != Instant{} && output_.queued() == 0) {
    // What it has sent so far would fit either protocol.
    if (codec_ == nullptr) codec_ = codec::h1::make_server_codec(*this, limits_of(port_.settings()));
    return refuse_connection(408, "request_header_timeout");
  }
  if (state_ == State::kOpen && ends_at_ == base::kNever) port_.stats().downstream_cx_idle_timeout.add();
  bool stuck = output_.queued() > 0;
  if (state_ == State::kOpen && (!stuck || ends_at_ != base::kNever)) return linger();
  close(stuck);
}

} // namespace kgw::proxy
