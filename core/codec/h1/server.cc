#include <utility>

#include "base/text.h"
#include "codec/h1/body_reader.h"
#include "codec/h1/body_writer.h"
#include "codec/h1/h1.h"
#include "codec/h1/serializer.h"

namespace kgw::codec::h1 {
namespace {

using http::Version;

constexpr int kMaxEmptyLines = 8;

// One exchange at a time: after the end of a request nothing is read until its response is complete, so responses are
// in order (RFC 9112 9.3.2).
class Server final : public ServerCodec {
 public:
  Server(ArenaSource& arenas, const HeadLimits& limits)
      : arenas_(arenas), limits_(limits), parser_(limits_), body_(parser_, limits_) {}

  EventKind next(std::span<char>& in, Event& event) override;
  void bind(StreamId, void* user) override { user_ = user; }
  void write_inform(StreamId, const http::Head& head, base::OutBuffer& out) override;
  void write_head(StreamId, const http::Head& head, bool end, base::OutBuffer& out) override;
  void write_data(StreamId, std::span<const char> data, bool end, base::OutBuffer& out) override;
  void write_trailers(StreamId, const http::Head& trailers, base::OutBuffer& out) override;
  void answered_early() override { closing_ = true; }
  bool close_after_response() override {
    closing_ = true;
    return false;
  }
  void end() override { closing_ = true; }
  bool tunnel() const override { return reading_ == Reading::kTunnel; }
  bool reusable() const override;

 private:
  enum class Reading : uint8_t { kBetween, kHead, kBody, kDone, kTunnel };

  bool skip_empty_lines(std::span<char>& in);
  EventKind read_head(std::span<char>& in, Event& event);
  EventKind head_complete(Event& event);
  std::string_view wanted_upgrade() const;
  EventKind read_body(std::span<char>& in, Event& event);
  EventKind bad(Fault fault, Event& event);
  void open_tunnel(const http::Head& head, base::OutBuffer& out);
  ConnectionField connection_field() const;
  void response_complete();

  ArenaSource& arenas_;
  const HeadLimits limits_;
  HeadParser parser_;
  BodyReader body_;
  BodyWriter writer_;
  http::Head head_;
  base::Arena* arena_ = nullptr;
  void* user_ = nullptr;
  Fault fault_{};
  Reading reading_ = Reading::kBetween;
  Version version_ = Version::kHttp11; // of the current request
  uint8_t empty_lines_ = 0;
  bool head_request_ = false;
  bool answered_ = false; // the response of the current request is complete
  bool keep_alive_ = true;
  bool closing_ = false;
};

EventKind Server::next(std::span<char>& in, Event& event) {
  if (fault_) return bad(fault_, event);
  event = {.user = user_};
  if (answered_ && !keep_alive_) return EventKind::kNeedMore; // RFC 9112 9.6: nothing more is processed
  if (reading_ == Reading::kTunnel) {
    event.data = std::exchange(in, in.subspan(in.size()));
    return event.kind = event.data.empty() ? EventKind::kNeedMore : EventKind::kData;
  }
  if (reading_ == Reading::kDone) {
    if (!answered_) return EventKind::kNeedMore;
    reading_ = Reading::kBetween;
    empty_lines_ = 0;
  }
  if (reading_ == Reading::kBody) return read_body(in, event);
  if (reading_ == Reading::kBetween) {
    if (!skip_empty_lines(in)) return fault_ ? bad(fault_, event) : EventKind::kNeedMore;
    reading_ = Reading::kHead;
    answered_ = head_request_ = false;
    version_ = Version::kHttp11;
    arena_ = &arenas_.request_arena(0);
    parser_.begin(Section::Of::kRequest, head_, arena_);
  }
  return read_head(in, event);
}

// RFC 9112 2.2: at least one empty line before a request line is ignored. True when a request line begins.
bool Server::skip_empty_lines(std::span<char>& in) {
  while (!in.empty() && (in[0] == '\r' || in[0] == '\n')) {
    if (in[0] == '\r' && in.size() == 1) return false;
    if (in[0] == '\n' || in[1] != '\n' || ++empty_lines_ > kMaxEmptyLines) {
      fault_ = {400, "http1.invalid_request_line"};
      return false;
    }
    in = in.subspan(2);
  }
  return !in.empty();
}

EventKind Server::read_head(std::span<char>& in, Event& event) {
  switch (parser_.parse(in)) {
  case HeadParser::Step::kMore: return EventKind::kNeedMore;
  case HeadParser::Step::kBad:
    head_request_ = head_.method_id == http::MethodId::kHead;
    return bad(parser_.fault(), event);
  case HeadParser::Step::kDone: return head_complete(event);
  }
  return EventKind::kNeedMore;
}

EventKind Server::head_complete(Event& event) {
  const Section& section = parser_.section();
  version_ = head_.version;
  head_request_ = head_.method_id == http::MethodId::kHead;
  if (!section.host_seen && version_ != Version::kHttp10)
    return bad({400, "http1.missing_host"}, event); // RFC 9112 3.2
  if (head_.authority.empty())
    head_.authority = section.host; // an absolute target's own authority wins, RFC 9112 3.2.2
  Body body = request_body({section.chunked, head_.content_length, version_});
  if (body.fault) return bad(body.fault, event);
  // RFC 9110 9.3.6: no server knows what content in CONNECT means.
  if (head_.method_id == http::MethodId::kConnect && body.framing != http::Framing::kNone)
    return bad({400, "http1.body_with_connect"}, event);
  head_.framing = body.framing;
  head_.upgrade = wanted_upgrade();
  keep_alive_ = !section.close && (version_ != Version::kHttp10 || section.keep_alive);
  body_.begin(body, arena_);
  reading_ = body_.done() ? Reading::kDone : Reading::kBody;
  event.head = &head_;
  event.end = body_.done();
  return event.kind = EventKind::kHead;
}

// RFC 9110 7.8: meant for us only if Connection names it, never in HTTP/1.0. The switch to HTTP/2 is gone (RFC
// 9113 3.1). A request with a body stays HTTP to its end, and we have no use for a switch behind it.
std::string_view Server::wanted_upgrade() const {
  const http::Field* field = head_.find(http::Token::kUpgrade);
  if (field == nullptr || !parser_.section().upgrade || version_ == Version::kHttp10) return {};
  if (head_.framing != http::Framing::kNone || base::equal_ignore_case(field->value_view(), "h2c")) return {};
  return field->value_view();
}

EventKind Server::read_body(std::span<char>& in, Event& event) {
  EventKind kind = body_.next(in, event);
  if (kind == EventKind::kBad) return bad({event.status, event.reason}, event);
  if (body_.done()) reading_ = Reading::kDone;
  return kind;
}

EventKind Server::bad(Fault fault, Event& event) {
  fault_ = fault;
  keep_alive_ = false;
  event = {.user = user_};
  event.status = fault.status;
  event.reason = fault.reason;
  return event.kind = EventKind::kBad;
}

void Server::write_inform(StreamId, const http::Head& head, base::OutBuffer& out) {
  if (version_ == Version::kHttp10) return; // RFC 9110 15.2
  write_response_head(head, {}, ConnectionField::kNone, out);
}

void Server::write_head(StreamId, const http::Head& head, bool end, base::OutBuffer& out) {
  if (!end && http::opens_tunnel(head_.method_id, head.status)) return open_tunnel(head, out);
  OutBody body = outgoing_response(head, end, head_request_, version_);
  // RFC 9931 8: what the client sent for the tunnel, before it knew that there is none, is no request.
  bool tunnel_refused = head_.method_id == http::MethodId::kConnect && head.status >= 300;
  if (closing_ || tunnel_refused || body.framing == http::Framing::kUntilClose) keep_alive_ = false;
  write_response_head(head, body, connection_field(), out);
  writer_.begin(body);
  if (end) write_data(0, {}, true, out);
}

void Server::open_tunnel(const http::Head& head, base::OutBuffer& out) {
  keep_alive_ = false;
  reading_ = Reading::kTunnel;
  write_response_head(head, {}, head.status == 101 ? ConnectionField::kUpgrade : ConnectionField::kNone, out);
  writer_.begin({.framing = http::Framing::kUntilClose});
}

void Server::write_trailers(StreamId, const http::Head& trailers, base::OutBuffer& out) {
  writer_.trailers(trailers, out);
  response_complete();
}

ConnectionField Server::connection_field() const {
  if (fault_.status == 426) return ConnectionField::kUpgradeClose;
  if (!keep_alive_) return ConnectionField::kClose;
  return version_ == Version::kHttp10 ? ConnectionField::kKeepAlive : ConnectionField::kNone;
}

void Server::write_data(StreamId, std::span<const char> data, bool end, base::OutBuffer& out) {
  writer_.data(data, end, out);
  if (end) response_complete();
}

void Server::response_complete() {
  answered_ = true;
  if (!writer_.honest()) keep_alive_ = false;
  body_.forget_arena(); // the exchange that owns it is over
}

bool Server::reusable() const { return keep_alive_ && !closing_ && !(answered_ && reading_ == Reading::kBody); }

} // namespace

std::unique_ptr<ServerCodec> make_server_codec(ArenaSource& arenas, const HeadLimits& limits) {
  return std::make_unique<Server>(arenas, limits);
}

} // namespace kgw::codec::h1
