#include "proxy/downstream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"
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

} // namespace

Downstream::Downstream(Port& port, std::unique_ptr<net::Transport> transport)
    : port_(port), transport_(std::move(transport)),
      output_(*transport_, port.context->upstream.output, port.context->upstream.chunks),
      codec_(codec::h1::make_server_codec(*this, limits_of(port.settings()))),
      process_rest_([](void* self) { static_cast<Downstream*>(self)->process_rest(); }, this),
      timer_([](void* self, Instant at) { static_cast<Downstream*>(self)->on_timer(at); }, this),
      idle_since_(port.context->loop.now()) {
  net::Address peer = transport_->peer();
  peer_address_ = peer.host();
  peer_.address = peer_address_;
  peer_.forwarded_address = peer.loopback() ? std::string_view(port.context->identity.local_address) : std::string_view(peer_address_);
  const auto& internal = port_.context->identity.internal;
  peer_.internal = std::any_of(internal.begin(), internal.end(), [&](const net::Cidr& range) { return range.contains(peer); });
  port_.connections.push_back(*this);
  ++port_.connection_count;
  port_.stats().downstream_cx_total.add();
  port_.stats().downstream_cx_active.add();
  transport_->set_handler(this);
  arm();
}

Downstream::~Downstream() = default;

// ---- reading ----------------------------------------------------------------------------------------------------------------

base::Arena& Downstream::request_arena(codec::StreamId) {
  if (next_ == nullptr) next_ = &port_.context->take_exchange();
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
  if (state_ != State::kOpen || stash_.empty() || (exchange_ != nullptr && !codec_->tunnel())) return;
  if (exchange_ == nullptr && output_.queued() > static_cast<size_t>(port_.settings().buffer_bytes)) return;  // on_writable comes back to it
  resume(kPipelined);
  base::OutBuffer rest = std::exchange(stash_, base::OutBuffer{});
  process(rest.mutable_bytes());
  port_.context->upstream.output.flush();
}

void Downstream::process(std::span<char> in) {
  codec::Event event;
  while (state_ == State::kOpen) {
    if (exchange_ == nullptr && turn_is_over()) return keep_for_next_turn(in);
    if (codec_->next(in, event) == codec::EventKind::kNeedMore) return keep_rest(in);
    if (!deliver(event)) return;
  }
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
  if (rest.empty()) return;
  port_.stats().limit_requests_per_turn.add();
  stash_.append({rest.data(), rest.size()});
  pause(kPipelined);
  port_.context->loop.post(process_rest_);
}

bool Downstream::deliver(codec::Event& event) {
  switch (event.kind) {
    case codec::EventKind::kHead: begin(event); return true;
    case codec::EventKind::kData:
      if (exchange_ != nullptr) exchange_->client_data(event.data, event.end);
      return true;
    case codec::EventKind::kEnd:
    case codec::EventKind::kTrailers:
      if (exchange_ != nullptr) exchange_->client_end(event.head);
      return true;
    default: refuse(event.status, event.reason); return false;
  }
}

void Downstream::begin(codec::Event& event) {
  head_since_ = {};
  exchange_ = std::exchange(next_, nullptr);
  ++begun_in_turn_;
  if (auto most = static_cast<uint64_t>(port_.settings().requests_per_connection); ++begun_ == most) {
    port_.stats().downstream_cx_max_requests_reached.add();
    codec_->close_after_response();
  }
  // RFC 9110 10.1.1: we take the body in any case, so the client need not wait for the origin.
  if (const http::Field* expect = event.head->find(http::Token::kExpect);
      expect != nullptr && base::equal_ignore_case(expect->value_view(), "100-continue")) {
    event.head->remove(http::Token::kExpect);
    if (!event.end) {
      http::Head informational;
      informational.status = 100;
      inform(informational);
    }
  }
  exchange_->open(*this, port_.snapshot(), port_.socket, peer_, *event.head, event.end);
}

// What cannot be parsed is answered, if its turn has come, and the connection closes.
void Downstream::refuse(uint16_t status, std::string_view reason) {
  count_refusal(reason);
  if (exchange_ != nullptr) {
    exchange_->client_gone(exchange::Gone::kProtocol, reason);
    return linger();
  }
  exchange_ = next_ != nullptr ? std::exchange(next_, nullptr) : &port_.context->take_exchange();
  codec_->close_after_response();
  exchange_->refuse(*this, port_.snapshot(), port_.socket, status, reason);  // done() ends the connection
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
  if (rest.empty()) return;
  stash_.append({rest.data(), rest.size()});
  if (exchange_ != nullptr && exchange_->request_ended()) return pause(kPipelined);
  if (exchange_ == nullptr && head_since_ == Instant{}) {
    head_since_ = now();
    arm();
  }
}

// ---- answering --------------------------------------------------------------------------------------------------------------

void Downstream::inform(const http::Head& head) {
  codec_->write_inform(0, head, output_.open());
  output_.flush();
}

void Downstream::head(const http::Head& head, bool end, bool early) {
  if (early || port_.draining()) codec_->close_after_response();
  codec_->write_head(0, head, end, output_.open());
  // What the client sent behind its request waited as a next request; it belongs to the tunnel.
  if (codec_->tunnel() && !stash_.empty()) port_.context->loop.post(process_rest_);
}

void Downstream::data(std::span<const char> data, bool end) {
  codec_->write_data(0, data, end, output_.open());
  // A full scratch goes out at once; small pieces of one event are sent together.
  if (!end && data.size() >= 16384) output_.flush();
}

void Downstream::trailers(const http::Head* trailers) {
  if (trailers == nullptr) {
    codec_->write_data(0, {}, true, output_.open());
  } else {
    codec_->write_trailers(0, *trailers, output_.open());
  }
}

void Downstream::abort() {
  if (state_ != State::kOpen) return;
  output_.flush();
  linger();
}

void Downstream::done() {
  exchange_ = nullptr;
  idle_since_ = now();
  if (state_ != State::kOpen) return;
  // A drain that began behind the head of this response could not announce the end in it.
  if (!codec_->reusable() || (port_.draining() && stash_.empty())) return linger();
  resume(kUpload);
  if (!stash_.empty()) port_.context->loop.post(process_rest_);
  arm();
}

void Downstream::on_writable() {
  output_.write_more();
  if (output_.failed()) {
    if (exchange_ != nullptr) exchange_->client_gone(exchange::Gone::kDisconnect);
    return close(true);
  }
  idle_since_ = now();
  if (exchange_ != nullptr) return exchange_->download_moved();
  if (output_.queued() > 0) return;
  if (state_ == State::kLingering) return transport_->shutdown_write();
  if (!stash_.empty()) process_rest();
}

// ---- ends -------------------------------------------------------------------------------------------------------------------

void Downstream::drain() {
  auto idle = [this] { return state_ == State::kOpen && exchange_ == nullptr && stash_.empty(); };
  if (idle()) on_readable();  // a request that has arrived already is served
  if (idle()) linger();
}

void Downstream::cut() {
  if (exchange_ != nullptr) exchange_->client_gone(exchange::Gone::kDrain);
  close(true);
}

// A client that closes its side is gone, also when its request is complete (as Envoy). Only what it put into a tunnel before
// still has to arrive (RFC 9110 9.3.6).
void Downstream::ended_by_client(bool reset) {
  if (state_ == State::kOpen && exchange_ != nullptr && codec_->tunnel() && !reset) {
    if (!stash_.empty()) process_rest();
    pause(kEnded);
    if (exchange_ != nullptr) exchange_->tunnel_closing(base::from_ms(port_.settings().delayed_close_timeout_ms));
    return;
  }
  if (exchange_ != nullptr) exchange_->client_gone(exchange::Gone::kDisconnect);
  close(false);
}

// Half close, then read on for a while: a close with unread bytes would reset the connection and could destroy the answer
// before the client has read it (RFC 9112 9.6).
void Downstream::linger() {
  if (state_ != State::kOpen) return;
  state_ = State::kLingering;
  output_.flush();
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
  if (!reset) output_.flush();
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

// ---- time -------------------------------------------------------------------------------------------------------------------

Instant Downstream::due() {
  const snapshot::ListenerSettings& settings = port_.settings();
  if (state_ == State::kLingering) {
    // The linger counts from the last byte the client took.
    Instant flushed = output_.queued() == 0 ? linger_until_ : idle_since_ + base::from_ms(settings.stream_idle_timeout_ms);
    return std::max(flushed, linger_until_);
  }
  if (exchange_ != nullptr) return base::kNever;  // it has its own timers
  if (output_.queued() > 0) return idle_since_ + base::from_ms(std::max<int64_t>(1, settings.stream_idle_timeout_ms));
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
  if (state_ == State::kOpen && head_since_ != Instant{} && output_.queued() == 0) {
    return refuse(408, "request_header_timeout");
  }
  if (state_ == State::kOpen) port_.stats().downstream_cx_idle_timeout.add();
  bool stuck = output_.queued() > 0;
  if (state_ == State::kOpen && !stuck) return linger();
  close(stuck);
}

} // namespace kgw::proxy
