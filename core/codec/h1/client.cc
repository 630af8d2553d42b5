#include "base/text.h"
#include "codec/h1/body_reader.h"
#include "codec/h1/body_writer.h"
#include "codec/h1/h1.h"
#include "codec/h1/serializer.h"

namespace kgw::codec::h1 {
namespace {

class Client final : public ClientCodec {
 public:
  explicit Client(const HeadLimits& limits) : limits_(limits), parser_(limits_), body_(parser_, limits_) {}

  StreamId write_request(const http::Head& head, const http::AttemptHeaders& attempt, bool end, void* user,
                         base::OutBuffer& out) override;
  void write_data(StreamId, std::span<const char> data, bool end, base::OutBuffer& out) override;
  void write_trailers(StreamId, const http::Head& trailers, base::OutBuffer& out) override;
  EventKind next(std::span<char>& in, Event& event) override;
  void bind(StreamId, void* user) override { user_ = user; }
  EventKind closed(Event& event) override;
  bool tunnel() const override { return tunnel_; }
  bool response_started() const override { return started_; }
  bool reusable() const override { return reading_ == Reading::kIdle && written_ && keep_alive_; }

 private:
  enum class Reading : uint8_t { kIdle, kHead, kBody };

  EventKind read_head(std::span<char>& in, Event& event);
  EventKind head_complete(std::span<char>& in, Event& event);
  bool switches() const;
  EventKind open_tunnel(Event& event);
  EventKind inform(Event& event);
  void response_complete(const std::span<char>& rest);
  EventKind bad(const char* reason, Event& event);

  const HeadLimits limits_;
  HeadParser parser_;
  BodyReader body_;
  BodyWriter writer_;
  http::Head head_;
  void* user_ = nullptr;
  const char* broken_ = nullptr; // why nothing is read any more
  RequestMode mode_;
  Reading reading_ = Reading::kIdle;
  uint32_t informs_ = 0;
  bool started_ = false;
  bool tunnel_ = false;
  bool written_ = true;    // the request is complete
  bool keep_alive_ = true; // nothing has spoiled the connection for another request
};

StreamId Client::write_request(const http::Head& head, const http::AttemptHeaders& attempt, bool end, void* user,
                               base::OutBuffer& out) {
  user_ = user;
  mode_ = {.head_request = head.method_id == http::MethodId::kHead,
           .connect = head.method_id == http::MethodId::kConnect,
           .upgrade = head.upgrade};
  OutBody body = outgoing_request(head, end);
  write_request_head(head, attempt, body, out);
  writer_.begin(body);
  reading_ = Reading::kHead;
  started_ = written_ = false;
  informs_ = 0;
  if (end) write_data(0, {}, true, out);
  return 0;
}

void Client::write_data(StreamId, std::span<const char> data, bool end, base::OutBuffer& out) {
  writer_.data(data, end, out);
  if (!end) return;
  written_ = true;
  if (!writer_.honest()) keep_alive_ = false;
}

void Client::write_trailers(StreamId, const http::Head& trailers, base::OutBuffer& out) {
  writer_.trailers(trailers, out);
  written_ = true;
}

EventKind Client::next(std::span<char>& in, Event& event) {
  event = {.user = user_};
  if (broken_ != nullptr) return bad(broken_, event);
  if (in.empty()) return EventKind::kNeedMore;
  started_ = true;
  switch (reading_) {
  case Reading::kIdle: return bad("http1.unsolicited_response", event); // RFC 9112 9.2
  case Reading::kHead: return read_head(in, event);
  case Reading::kBody: break;
  }
  EventKind kind = body_.next(in, event);
  if (kind == EventKind::kBad) return bad(event.reason, event);
  if (body_.done()) response_complete(in);
  return kind;
}

EventKind Client::read_head(std::span<char>& in, Event& event) {
  if (!parser_.started()) parser_.begin(Section::Of::kResponse, head_, nullptr);
  switch (parser_.parse(in)) {
  case HeadParser::Step::kMore: return EventKind::kNeedMore;
  case HeadParser::Step::kBad: return bad(parser_.fault().reason, event);
  case HeadParser::Step::kDone: return head_complete(in, event);
  }
  return EventKind::kNeedMore;
}

EventKind Client::head_complete(std::span<char>& in, Event& event) {
  const Section& section = parser_.section();
  Body body = response_body({section.chunked, head_.content_length, head_.version}, head_.status, mode_);
  if (body.fault) return bad(body.fault.reason, event);
  head_.framing = body.framing;
  if (section.close) keep_alive_ = false; // RFC 9112 9.6, whichever head says it
  if (switches()) return open_tunnel(event);
  if (head_.status < 200) return inform(event);
  bool persistent = head_.version != http::Version::kHttp10 || section.keep_alive;
  if (!persistent || body.framing == http::Framing::kUntilClose) keep_alive_ = false;
  body_.begin(body, nullptr);
  reading_ = Reading::kBody;
  if (body_.done()) response_complete(in);
  event.head = &head_;
  event.end = body_.done();
  return event.kind = EventKind::kHead;
}

bool Client::switches() const {
  if (head_.status != 101) return mode_.connect && head_.status / 100 == 2;
  const http::Field* to = head_.find(http::Token::kUpgrade);
  return !mode_.upgrade.empty() && to != nullptr && base::equal_ignore_case(to->value_view(), mode_.upgrade);
}

EventKind Client::open_tunnel(Event& event) {
  tunnel_ = true;
  keep_alive_ = false;
  if (head_.status == 101) head_.upgrade = head_.find(http::Token::kUpgrade)->value_view();
  body_.begin({.framing = http::Framing::kUntilClose}, nullptr);
  writer_.begin({.framing = http::Framing::kUntilClose});
  reading_ = Reading::kBody;
  event.head = &head_;
  return event.kind = EventKind::kHead;
}

// Interim: the response itself has not begun (RFC 9110 15.2).
EventKind Client::inform(Event& event) {
  if (head_.status == 101) return bad("http1.unexpected_switch", event); // RFC 9110 7.8: not to what was asked for
  if (++informs_ > limits_.informational_responses) return bad("http1.too_many_1xx", event);
  started_ = false;
  event.head = &head_;
  return event.kind = EventKind::kInform;
}

// RFC 9112 6.3: bytes behind a complete response are no response.
void Client::response_complete(const std::span<char>& rest) {
  reading_ = Reading::kIdle;
  if (!rest.empty()) keep_alive_ = false;
}

EventKind Client::closed(Event& event) {
  event = {.user = user_};
  keep_alive_ = false;
  if (reading_ == Reading::kIdle) return EventKind::kNeedMore;
  if (reading_ == Reading::kBody && body_.until_close()) {
    reading_ = Reading::kIdle;
    return event.kind = EventKind::kEnd;
  }
  return bad("http1.incomplete_response", event); // RFC 9112 8
}

EventKind Client::bad(const char* reason, Event& event) {
  broken_ = reason;
  keep_alive_ = false;
  event = {.user = user_};
  event.status = 502;
  event.reason = reason;
  return event.kind = EventKind::kBad;
}

} // namespace

std::unique_ptr<ClientCodec> make_client_codec(const HeadLimits& limits) { return std::make_unique<Client>(limits); }

} // namespace kgw::codec::h1
