#include "upstream/connection.h"

#include <cstring>

#include "upstream/pool.h"

namespace kgw::upstream {
namespace {

constexpr Duration kPeekAfter = std::chrono::seconds(1);

net::Address address_of(const cluster::Endpoint& endpoint) {
  net::Address address;
  std::memcpy(address.bytes, endpoint.ip, sizeof address.bytes);
  address.port = endpoint.port;
  address.v6 = endpoint.v6;
  return address;
}

} // namespace

Connection::Connection(Pool& pool)
    : pool_(pool), codec_(codec::h1::make_client_codec(pool.config().limits)),
      timer_([](void* self, Instant now) { static_cast<Connection*>(self)->on_timer(now); }, this) {}

Connection::~Connection() = default;

void Connection::connect() {
  Context& context = pool_.context();
  const cluster::Endpoint& endpoint = pool_.host().endpoint;
  net::Address address = address_of(endpoint);
  const net::TlsClient* tls = pool_.config().tls.get();
  transport_ = tls == nullptr ? context.network.connect(address, *this)
                              : net::connect_tls(context.loop, context.network, address, *tls, endpoint.server_name, *this);
  output_ = std::make_unique<net::Output>(*transport_, context.output, context.chunks);
  context.loop.wheel().arm(timer_, context.loop.now() + pool_.config().connect_timeout);
}

void Connection::on_connected() {
  timer_.disarm();
  pool_.connected(*this);
}

void Connection::on_connect_failed(const net::ConnectError& error) {
  if (error.os_error == 0) return pool_.connect_failed(*this, FailureKind::kRemoteConnection, error.tls);
  bool local = error.kind == net::ConnectFailure::kLocal;
  char text[128] = "delayed connect error: ";
  size_t used = std::strlen(text);
  const char* words = strerrordesc_np(error.os_error);  // static, unlike strerror
  std::strncpy(text + used, words != nullptr ? words : "unknown", sizeof text - used - 1);
  pool_.connect_failed(*this, local ? FailureKind::kLocalConnection : FailureKind::kRemoteConnection, text);
}

void Connection::on_timer(Instant now) {
  if (state_ == State::kConnecting) {
    pool_.view().stats().upstream_cx_connect_timeout.add();
    return pool_.connect_failed(*this, FailureKind::kConnectTimeout, {});
  }
  // The idle timer is left armed while the connection works: no wheel operation per request.
  Instant due = idle_since_ + pool_.config().idle_timeout;
  if (state_ != State::kIdle || due > now) {
    pool_.context().loop.wheel().arm(timer_, state_ == State::kIdle ? due : now + pool_.config().idle_timeout);
    return;
  }
  close();
}

void Connection::attach(Stream& stream) {
  state_ = State::kActive;
  stream_ = &stream;
  stream.connection_ = this;
  stream.pool_ = nullptr;
  stream.head_sent_ = stream.request_complete_ = false;
}

bool Connection::usable() {
  if (pool_.context().loop.now() - idle_since_ < kPeekAfter) return true;
  return transport_->still_open();
}

void Connection::go_idle(Instant now) {
  state_ = State::kIdle;
  idle_since_ = now;
  if (!timer_.armed()) pool_.context().loop.wheel().arm(timer_, now + pool_.config().idle_timeout);
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  timer_.disarm();
  if (transport_ != nullptr) {
    transport_->set_handler(nullptr);
    transport_->close(false);
  }
  if (stream_ != nullptr) {
    stream_->connection_ = nullptr;
    stream_ = nullptr;
    pool_.detached();
  }
  pool_.closed(*this);
}

// ---- writing --------------------------------------------------------------------------------------------------------------

void Connection::write_head(Stream& stream, const http::Head& head, const http::AttemptHeaders& attempt, bool end) {
  stream.id_ = codec_->write_request(head, attempt, end, output_->open());
  stream.head_sent_ = true;
  stream.request_complete_ = end;
  ++carried_;
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
  if (output_->queued() <= pool_.config().buffer_bytes / 2 && stream_ != nullptr) stream_->handler_.on_drained();
}

void Connection::release(Stream& stream) {
  stream.connection_ = nullptr;
  stream_ = nullptr;
  pool_.detached();
  close();
}

// ---- reading --------------------------------------------------------------------------------------------------------------

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
  if (state_ == State::kIdle) return close();  // bytes that nobody asked for (a 408, a second answer)
  stash_.clear();
  process(scratch.first(kept + result.bytes));
  pool_.context().output.flush();
}

void Connection::process(std::span<char> in) {
  codec::Event event;
  while (stream_ != nullptr) {
    switch (codec_->next(in, event)) {
      case codec::EventKind::kNeedMore:
        if (!in.empty()) stash_.append({in.data(), in.size()});
        return;
      case codec::EventKind::kBad:
        pool_.view().stats().upstream_cx_protocol_error.add();
        return fail(FailureKind::kProtocol, event.reason);
      default: deliver(event);
    }
  }
}

void Connection::deliver(const codec::Event& event) {
  StreamHandler& handler = stream_->handler_;
  bool end = event.end || event.kind == codec::EventKind::kTrailers || event.kind == codec::EventKind::kEnd;
  // First free the connection, then tell: what the handler starts next may use it at once.
  if (end) finish_response();
  switch (event.kind) {
    case codec::EventKind::kInform: return handler.on_inform(*event.head);
    case codec::EventKind::kHead: return handler.on_head(*event.head, event.end);
    case codec::EventKind::kData: return handler.on_data(event.data, event.end);
    case codec::EventKind::kTrailers: return handler.on_end(event.head);
    case codec::EventKind::kEnd: return handler.on_end(nullptr);
    default: return;
  }
}

void Connection::finish_response() {
  if (!stream_->request_complete_) return;  // an early answer: the driver gives the stream up and the connection closes
  Stream* stream = stream_;
  stream->connection_ = nullptr;
  stream_ = nullptr;
  pool_.detached();
  if (codec_->reusable() && output_->queued() == 0 && !output_->failed()) {
    pool_.became_free(*this);
  } else {
    close();
  }
}

void Connection::ended_by_peer(bool reset) {
  if (state_ == State::kIdle) return close();
  if (stream_ == nullptr) return close();
  codec::Event event;
  if (!reset && codec_->closed(event) == codec::EventKind::kEnd) {
    StreamHandler& handler = stream_->handler_;
    stream_->connection_ = nullptr;
    stream_ = nullptr;
    pool_.detached();
    close();
    return handler.on_end(nullptr);
  }
  if (!codec_->response_started()) return fail(FailureKind::kTermination);
  if (!codec_->tunnel()) pool_.view().stats().upstream_cx_protocol_error.add();
  fail(FailureKind::kProtocol);
}

void Connection::fail(FailureKind kind, const char* fault) {
  Stream* stream = stream_;
  bool head_sent = stream->head_sent_;
  stream->connection_ = nullptr;
  stream_ = nullptr;
  pool_.detached();
  close();
  stream->handler_.on_failed({.kind = kind, .head_sent = head_sent, .fault = fault});
}

} // namespace kgw::upstream
