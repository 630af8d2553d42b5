#include "upstream/connection.h"

#include <cstring>
#include <string>
#include <utility>

#include "base/text.h"
#include "codec/h1/h1.h"
#include "codec/h2/h2.h"
#include "upstream/pool.h"

namespace kgw::upstream {
namespace {

constexpr Duration kPeekAfter = std::chrono::seconds(1);
constexpr Duration kSilence = std::chrono::seconds(1);

net::Address address_of(const cluster::Endpoint& endpoint) {
  net::Address address;
  std::memcpy(address.bytes, endpoint.ip, sizeof address.bytes);
  address.port = endpoint.port;
  address.v6 = endpoint.v6;
  return address;
}

} // namespace

Connection::Connection(Pool& pool)
    : pool_(pool),
      codec_(pool.config().http2
                 ? codec::h2::make_client_codec(pool.config().limits, pool.config().streams, &pool.context().blocks)
                 : codec::h1::make_client_codec(pool.config().limits)),
      tell_([](void* self) { static_cast<Connection*>(self)->tell(); }, this),
      timer_([](void* self, Instant now) { static_cast<Connection*>(self)->on_timer(now); }, this) {}

Connection::~Connection() = default;

void Connection::connect() {
  Context& context = pool_.context();
  const cluster::Endpoint& endpoint = pool_.host().endpoint;
  net::Address address = address_of(endpoint);
  const net::TlsClient* tls = pool_.config().tls.get();
  transport_ = tls == nullptr ? context.network.connect(address, *this)
                              : net::connect_tls(context.loop, context.network, address, *tls, endpoint.server_name,
                                                 *this, pool_.config().http2);
  output_ = std::make_unique<net::Output>(*transport_, context.output, context.chunks);
  context.loop.wheel().arm(timer_, context.loop.now() + pool_.config().connect_timeout);
}

void Connection::on_connected() {
  timer_.disarm();
  heard_ = pool_.context().loop.now();
  if (transport_->secure() && codec_->multiplexes() && transport_->protocol() != "h2")
    codec_ = codec::h1::make_client_codec(pool_.config().limits);
  if (codec_->wants_write()) write_own();
  capacity_ = codec_->capacity();
  if (codec_->multiplexes()) output_->gather();
  wake_at(ask_for_life(heard_));
  pool_.connected(*this);
}

void Connection::on_connect_failed(const net::ConnectError& error) {
  if (error.os_error == 0) return pool_.connect_failed(*this, FailureKind::kRemoteConnection, error.tls);
  bool local = error.kind == net::ConnectFailure::kLocal;
  std::string text("delayed connect error: ");
  text += base::os_error_text(error.os_error);
  pool_.connect_failed(*this, local ? FailureKind::kLocalConnection : FailureKind::kRemoteConnection, text);
}

void Connection::on_timer(Instant now) {
  if (state_ == State::kConnecting) {
    pool_.view().stats().upstream_cx_connect_timeout.add();
    return pool_.connect_failed(*this, FailureKind::kConnectTimeout, {});
  }
  // The timer is left armed while the connection works: no wheel operation per request.
  bool idle = state_ == State::kIdle;
  Instant due = (idle ? idle_since_ : now) + pool_.config().idle_timeout;
  if (due <= now) return close();
  wake_at(due);
  due = ask_for_life(now);
  if (due <= now) {
    pool_.view().stats().http2_keepalive_timeout.add();
    return fail(FailureKind::kTermination);
  }
  wake_at(due);
}

void Connection::wake_at(Instant due) {
  if (due < timer_.at()) pool_.context().loop.wheel().arm(timer_, due);
}

// Any byte is a sign of life. Returns when to look again; a time that has passed when there was none behind a PING.
Instant Connection::ask_for_life(Instant now) {
  const ClusterConfig& config = pool_.config();
  if (!config.http2 || config.ping_interval == Duration{}) return base::kNever;
  if (unheard_) return now + config.ping_interval; // it is not read
  if (heard_ < pinged_) return pinged_ + config.ping_timeout;
  if (heard_ + config.ping_interval > now) return heard_ + config.ping_interval;
  if (!codec_->ping(output_->open())) return base::kNever;
  output_->flush();
  pinged_ = now;
  return now + config.ping_timeout;
}

void Connection::attach(Stream& stream) {
  state_ = State::kActive;
  streams_.push_back(stream);
  ++carrying_;
  stream.connection_ = this;
  stream.pool_ = nullptr;
  stream.head_sent_ = stream.request_complete_ = false;
  stream.attached_ = pool_.context().loop.now();
}

bool Connection::usable() {
  if (pool_.context().loop.now() - idle_since_ < kPeekAfter) return true;
  return transport_->still_open();
}

void Connection::go_idle(Instant now) {
  state_ = State::kIdle;
  idle_since_ = now;
  if (!timer_.armed()) wake_at(now + pool_.config().idle_timeout);
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  timer_.disarm();
  tell_.unlink();
  if (transport_ != nullptr) {
    if (output_ != nullptr) output_->send_now();
    transport_->set_handler(nullptr);
    transport_->close(false);
  }
  while (Stream* stream = streams_.front()) detach(*stream);
  pool_.closed(*this);
}

void Connection::detach(Stream& stream) {
  stream.unlink();
  stream.connection_ = nullptr;
  --carrying_;
  pool_.detached();
}

// ---- writing -------------------------------------------------------------------------------------------------------

void Connection::write_head(Stream& stream, const http::Head& head, const http::AttemptHeaders& attempt, bool end) {
  stream.id_ = codec_->write_request(head, attempt, end, &stream, output_->open());
  stream.head_sent_ = true;
  stream.request_complete_ = end;
  ++carried_;
  if (codec_->has_events()) [[unlikely]]
    pool_.context().loop.post(tell_);
}

void Connection::write_data(Stream& stream, std::span<const char> data, bool end) {
  codec_->write_data(stream.id_, data, end, output_->open());
  stream.request_complete_ = end;
  half_close_ = end && codec_->tunnel();
}

void Connection::write_trailers(Stream& stream, const http::Head& trailers) {
  codec_->write_trailers(stream.id_, trailers, output_->open());
  stream.request_complete_ = true;
}

// A refused write is not told here: the read side sees the end of the stream, and an answer that came before it.
void Connection::flush() {
  output_->flush();
  if (output_->failed()) transport_->resume_reading();
  end_of_writes();
}

void Connection::end_of_writes() {
  if (!half_close_ || output_->queued() > 0) return;
  half_close_ = false;
  transport_->shutdown_write();
}

void Connection::on_writable() {
  output_->write_more();
  end_of_writes();
  if (output_->queued() > pool_.config().buffer_bytes / 2) return;
  if (std::exchange(unheard_, false)) transport_->resume_reading();
  Stream* next = nullptr;
  for (Stream* stream = streams_.front(); stream != nullptr; stream = next) {
    next = streams_.next(*stream);
    stream->handler_.on_drained(!codec_->multiplexes());
  }
}

// An origin that asks and does not listen is not read on.
void Connection::write_own() {
  codec_->write(output_->open());
  output_->flush();
  if (output_->queued() <= 2 * pool_.config().buffer_bytes) return;
  unheard_ = true;
  transport_->pause_reading();
}

void Connection::hold(Stream& stream, bool held) {
  if (codec_->hold(stream.id_, held)) {
    if (codec_->wants_write()) write_own();
    return;
  }
  held ? transport_->pause_reading() : transport_->resume_reading();
}

void Connection::release(Stream& stream) {
  detach(stream);
  if (!codec_->reset(stream.id_, codec::Reset::kCancel, output_->open())) return close();
  output_->flush();
  Instant now = pool_.context().loop.now();
  silent_ |= heard_ < stream.attached_ && now - stream.attached_ >= kSilence;
  pool_.has_room(*this);
}

// ---- reading -------------------------------------------------------------------------------------------------------

void Connection::on_readable() {
  std::span<char> scratch = pool_.context().input;
  size_t kept = stash_.size();
  if (kept > 0) std::memcpy(scratch.data(), stash_.bytes().data(), kept);
  net::IoResult result = transport_->read(scratch.subspan(kept, Context::kReadBytes));
  switch (result.kind) {
  case net::IoResult::Kind::kAgain: return;
  case net::IoResult::Kind::kEof: return ended_by_peer(false);
  case net::IoResult::Kind::kError: return ended_by_peer(true);
  case net::IoResult::Kind::kBytes: break;
  }
  stash_.clear();
  heard_ = pool_.context().loop.now();
  if (std::exchange(silent_, false)) [[unlikely]]
    pool_.has_room(*this);
  if (state_ == State::kClosed) return;
  process(scratch.first(kept + result.bytes));
  pool_.context().output.flush();
}

void Connection::process(std::span<char> in) {
  codec::Event event;
  while (state_ != State::kClosed) {
    switch (codec_->next(in, event)) {
    case codec::EventKind::kNeedMore:
      if (codec_->wants_write()) [[unlikely]] {
        write_own(); // which may have something to tell
        continue;
      }
      if (!in.empty()) stash_.append({in.data(), in.size()});
      if (codec_->capacity() != capacity_) grow();
      return;
    case codec::EventKind::kBad:
      if (codec_->wants_write()) write_own(); // why
      // Bytes that nobody asked for, such as a 408 or a second answer, are no broken response.
      if (carries_nothing()) return close();
      pool_.view().stats().upstream_cx_protocol_error.add();
      return fail(FailureKind::kProtocol, event.reason);
    case codec::EventKind::kOver: return close();
    default: deliver(event);
    }
  }
}

void Connection::tell() {
  process({});
  pool_.context().output.flush();
}

// The peer allows more, or less, than before.
void Connection::grow() {
  capacity_ = codec_->capacity();
  pool_.has_room(*this);
  pool_.open_connections();
}

void Connection::deliver(const codec::Event& event) {
  auto& stream = *static_cast<Stream*>(event.user);
  StreamHandler& handler = stream.handler_;
  bool end = event.end || event.kind == codec::EventKind::kTrailers || event.kind == codec::EventKind::kEnd;
  // An early answer leaves the stream where it is: the driver gives it up.
  bool over = event.kind == codec::EventKind::kReset || (end && stream.request_complete_);
  if (over) {
    detach(stream);
    // Who held it while this end was already here does not come back to let it go.
    if (!codec_->hold(stream.id_, false)) transport_->resume_reading();
    // A request that was written and that the endpoint has not taken all of has no use any more.
    if (codec_->queued(stream.id_) > 0) codec_->reset(stream.id_, codec::Reset::kCancel, output_->open());
    codec_->bind(stream.id_, nullptr);
  }
  switch (event.kind) {
  case codec::EventKind::kInform: handler.on_inform(*event.head); break;
  case codec::EventKind::kHead: handler.on_head(*event.head, event.end); break;
  case codec::EventKind::kData: handler.on_data(event.data, event.end); break;
  case codec::EventKind::kTrailers: handler.on_end(event.head); break;
  case codec::EventKind::kEnd: handler.on_end(nullptr); break;
  case codec::EventKind::kDrained: handler.on_drained(true); break;
  case codec::EventKind::kReset: tell_reset(stream, event); break;
  default: break;
  }
  // Told first: what waits for room may be a hedge that this answer has made needless.
  if (over) make_room();
}

void Connection::make_room() {
  if (state_ == State::kClosed) return;
  bool sent = (output_->queued() == 0 || codec_->multiplexes()) && !output_->failed();
  if (codec_->reusable() && sent) return pool_.has_room(*this);
  if (carries_nothing()) close();
}

void Connection::tell_reset(Stream& stream, const codec::Event& event) {
  FailureKind kind = event.reset == codec::Reset::kRefused    ? FailureKind::kRefused
                     : event.reset == codec::Reset::kProtocol ? FailureKind::kProtocol
                     : event.reset == codec::Reset::kConnect  ? FailureKind::kConnectError
                                                              : FailureKind::kReset;
  const char* fault = event.reason == nullptr ? "" : event.reason;
  stream.handler_.on_failed({.kind = kind, .head_sent = stream.head_sent_, .fault = fault});
}

void Connection::ended_by_peer(bool reset) {
  if (carries_nothing()) return close();
  codec::Event event;
  if (!reset && codec_->closed(event) == codec::EventKind::kEnd) {
    auto& stream = *static_cast<Stream*>(event.user);
    close();
    return stream.handler_.on_end(nullptr);
  }
  if (!codec_->response_started()) return fail(FailureKind::kTermination);
  if (!codec_->tunnel()) pool_.view().stats().upstream_cx_protocol_error.add();
  fail(FailureKind::kProtocol);
}

// The connection is lost, and all that it carries.
void Connection::fail(FailureKind kind, const char* fault) {
  base::IntrusiveList<Stream, Stream> failing;
  failing.splice_back(streams_);
  for (Stream* stream = failing.front(); stream != nullptr; stream = failing.next(*stream)) {
    stream->connection_ = nullptr;
    --carrying_;
    pool_.detached();
  }
  close();
  while (Stream* stream = failing.pop_front())
    stream->handler_.on_failed({.kind = kind, .head_sent = stream->head_sent_, .fault = fault});
}

} // namespace kgw::upstream
