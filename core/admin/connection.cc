#include "admin/connection.h"

#include <fmt/format.h>

#include "admin/kube/status.h"
#include "base/text.h"
#include "codec/h1/h1.h"
#include "http/forwarding.h"
#include "net/clock.h"

namespace kgw::admin {

namespace {

constexpr size_t kReadBytes = size_t{16} * 1024;
constexpr size_t kStashBytes = size_t{64} * 1024;     // requests that wait behind the one being answered
constexpr size_t kStreamBacklog = size_t{256} * 1024; // a stream is not pulled while so much waits for its reader
constexpr size_t kLingerBytes = 8 << 20;
constexpr Duration kIdle = base::seconds(300);
constexpr Duration kRequest = base::seconds(60); // from the first byte of a request to its last
constexpr Duration kStalled = base::seconds(30); // a reader that takes nothing for so long is dropped
constexpr Duration kTick = base::seconds(1);     // how exact the end of a watch is
constexpr Duration kLinger = base::seconds(1);

constexpr codec::HeadLimits kLimits{.accept_http_1_0 = true};

} // namespace

Connection::Connection(std::shared_ptr<ConnectionShared> shared, std::unique_ptr<net::Transport> transport)
    : shared_(std::move(shared)), transport_(std::move(transport)),
      codec_(codec::h1::make_server_codec(*this, kLimits)), output_(*transport_, shared_->scratch, shared_->chunks),
      self_(std::make_shared<Connection*>(this)),
      timer_([](void* self, Instant) { static_cast<Connection*>(self)->on_timer(); }, this),
      resume_([](void* self) { static_cast<Connection*>(self)->process(); }, this) {
  transport_->set_handler(this);
  arm();
}

base::Arena& Connection::request_arena(codec::StreamId) {
  in_request_ = true;
  head_request_ = false;
  arm();
  request_arena_.reset();
  return request_arena_;
}

void Connection::on_readable() {
  char bytes[kReadBytes];
  net::IoResult result = transport_->read(bytes);
  switch (result.kind) {
  case net::IoResult::Kind::kAgain: return;
  case net::IoResult::Kind::kError: return close();
  case net::IoResult::Kind::kBytes: take({bytes, result.bytes}); break;
  case net::IoResult::Kind::kEof:
    // A watcher that has gone is told by nothing else. Other answers are still wanted by a peer that only ended its
    // side.
    if (phase_ == Phase::kStreaming || phase_ == Phase::kLingering) return close();
    peer_ended_ = true;
    transport_->pause_reading();
    break;
  }
  process();
}

void Connection::take(std::span<const char> bytes) {
  if (phase_ == Phase::kFlushing || phase_ == Phase::kLingering) {
    lingered_bytes_ += bytes.size();
    return lingered_bytes_ > kLingerBytes ? close() : void();
  }
  in_.append({bytes.data(), bytes.size()});
  if (phase_ != Phase::kReading && in_.size() > kStashBytes) transport_->pause_reading();
}

// The next request is not begun before the last answer has left: what a client sends ahead costs it nothing but
// patience.
void Connection::process() {
  std::span<char> rest = in_.mutable_bytes();
  while (phase_ == Phase::kReading && output_.queued() == 0) {
    codec::Event event;
    if (codec_->next(rest, event) == codec::EventKind::kNeedMore) {
      if (peer_ended_) return close();
      break;
    }
    on_event(event);
  }
  if (phase_ == Phase::kClosed) return;
  in_.erase_front(in_.size() - rest.size());
  if (phase_ == Phase::kReading && !peer_ended_) transport_->resume_reading();
}

void Connection::on_event(const codec::Event& event) {
  switch (event.kind) {
  case codec::EventKind::kHead: return begin_request(*event.head, event.end);
  case codec::EventKind::kData: return add_body(event.data, event.end);
  case codec::EventKind::kTrailers:
  case codec::EventKind::kEnd: return submit();
  case codec::EventKind::kBad:
    return refuse(event.status, "BadRequest", event.reason != nullptr ? event.reason : "malformed request");
  default: return; // nothing that HTTP/1 tells a server
  }
}

void Connection::begin_request(const http::Head& head, bool end) {
  head_request_ = head.method_id == http::MethodId::kHead;
  size_t question = head.path.find('?');
  request_ = {};
  request_.method = head_request_ ? "GET" : head.method;
  request_.path = head.path.substr(0, question);
  if (question != std::string_view::npos) request_.query = head.path.substr(question + 1);
  request_.host = head.authority;
  for (const http::Field& field : head.all()) {
    if (!field.removed()) request_.headers.emplace_back(field.name_view(), field.value_view());
  }
  if (head.content_length > static_cast<int64_t>(shared_->body_bytes)) return refuse_too_large();
  if (end) return submit();
  if (base::equal_ignore_case(request_.header("expect"), "100-continue") && head.version == http::Version::kHttp11) {
    codec_->write_inform(0, http::Head{.status = 100}, out());
    flush();
  }
}

void Connection::add_body(std::span<const char> data, bool end) {
  request_.body.append(data.data(), data.size());
  if (request_.body.size() > shared_->body_bytes) return refuse_too_large();
  if (end) submit();
}

void Connection::refuse_too_large() {
  refuse(413, "RequestEntityTooLarge", fmt::format("the request is larger than {} bytes", shared_->body_bytes));
}

// Answers without having read the whole request: nothing behind it can be understood.
void Connection::refuse(int status, std::string_view reason, std::string_view message) {
  codec_->close_after_response();
  respond(kube::failure(status, reason, message));
}

void Connection::submit() {
  in_request_ = false;
  set_phase(Phase::kAnswering);
  shared_->site.handle(std::exchange(request_, {}), [self = std::weak_ptr(self_)](Response response) {
    if (auto connection = self.lock()) (*connection)->respond(std::move(response));
  });
}

void Connection::respond(Response response) {
  if (response.stream != nullptr && !head_request_) return begin_stream(std::move(response));
  bool body = !head_request_ && !response.body.empty();
  write_head(response, false);
  if (body) codec_->write_data(0, response.body, true, out());
  flush();
  after_response();
}

void Connection::write_head(const Response& response, bool streams) {
  response_arena_.reset();
  http::Head head{.status = static_cast<uint16_t>(response.status)};
  http::add_field(head, response_arena_, http::Token::kContentType, response.content_type);
  http::add_field(head, response_arena_, "cache-control", "no-cache, private");
  http::add_field(head, response_arena_, http::Token::kDate, shared_->date.at(net::unix_time_us() / 1'000'000));
  for (const auto& [name, value] : response.headers) http::add_field(head, response_arena_, name, value);
  head.framing = streams ? http::Framing::kChunked : http::Framing::kLength;
  if (!streams) head.content_length = static_cast<int64_t>(response.body.size());
  codec_->write_head(0, head, !streams && (head_request_ || response.body.empty()), out());
}

void Connection::begin_stream(Response response) {
  if (shared_->watching >= shared_->watches) {
    return respond(kube::failure(429, "TooManyRequests", "too many watches are open"));
  }
  ++shared_->watching;
  stream_ = std::move(response.stream);
  write_head(response, true);
  set_phase(Phase::kStreaming);
  pull();
}

void Connection::pull() {
  if (phase_ != Phase::kStreaming || output_.queued() > kStreamBacklog) return;
  std::string news;
  bool more = stream_->pull(shared_->loop.now(), news);
  if (!news.empty() || !more) codec_->write_data(0, news, !more, out());
  flush();
  if (more || phase_ == Phase::kClosed) return;
  stream_.reset();
  --shared_->watching;
  after_response();
}

void Connection::shut_down() {
  if (phase_ == Phase::kStreaming) {
    codec_->write_data(0, {}, true, out());
    flush();
  }
  close();
}

void Connection::after_response() {
  if (phase_ == Phase::kClosed) return;
  set_phase(codec_->reusable() ? Phase::kReading : Phase::kFlushing);
  if (phase_ == Phase::kFlushing && output_.queued() == 0) return linger();
  shared_->loop.post(resume_); // an answer that came late: what the client sent ahead is still there
}

void Connection::on_writable() {
  output_.write_more();
  if (output_.failed()) return close();
  arm();
  if (output_.queued() == 0) drained();
}

void Connection::drained() {
  if (phase_ == Phase::kFlushing) return linger();
  if (phase_ == Phase::kStreaming) return pull();
  process();
}

// A close with unread input would make the kernel reset the connection, and the peer lose the answer.
void Connection::linger() {
  if (peer_ended_) return close();
  transport_->shutdown_write();
  transport_->resume_reading();
  set_phase(Phase::kLingering);
}

void Connection::close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  if (stream_ != nullptr) --shared_->watching;
  stream_.reset();
  self_.reset();
  timer_.disarm();
  resume_.unlink();
  transport_->set_handler(nullptr);
  transport_->close(false);
  shared_->loop.defer_delete(std::move(transport_));
  shared_->on_closed(*this);
}

void Connection::set_phase(Phase phase) {
  phase_ = phase;
  arm();
}

void Connection::arm() {
  auto patience = [this]() -> Duration {
    if (phase_ == Phase::kLingering) return kLinger;
    if (output_.queued() > 0) return kStalled;
    if (phase_ == Phase::kStreaming) return kTick;
    if (phase_ == Phase::kAnswering) return base::kNone;
    return in_request_ ? kRequest : kIdle;
  }();
  if (patience == base::kNone) return timer_.disarm();
  shared_->loop.wheel().arm(timer_, shared_->loop.now() + patience);
}

void Connection::on_timer() {
  if (phase_ != Phase::kStreaming || output_.queued() > 0) return close();
  pull();
  if (phase_ == Phase::kStreaming) arm();
}

void Connection::flush() {
  bool waited = output_.queued() > 0;
  output_.flush();
  if (output_.failed()) return close();
  if (!waited && output_.queued() > 0) arm();
}

} // namespace kgw::admin
