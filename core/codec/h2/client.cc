#include "base/result.h"
#include "codec/h2/fields.h"
#include "codec/h2/h2.h"
#include "codec/h2/session_codec.h"

namespace kgw::codec::h2 {
namespace {

using http::Token;

class Client final : public SessionCodec<ClientCodec> {
 public:
  Client(const HeadLimits& heads, const StreamLimits& streams, base::BlockPool* blocks)
      : SessionCodec(Session::Side::kClient, heads, streams, blocks) {}

  StreamId write_request(const http::Head& head, const http::AttemptHeaders& attempt, bool end, void* user,
                         base::OutBuffer& out) override;
  EventKind closed(Event&) override { return EventKind::kNeedMore; }
  unsigned capacity() const override;
  bool response_started() const override { return false; }
  bool reusable() const override { return broken_ == nullptr && !goaway_received_; }
  bool idle() const override { return streams_.empty(); }
  bool ping(base::OutBuffer& out) override {
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
    send(out);
    return true;
  }

 private:
  Stream* on_head_begins(StreamId id, bool trailers) override;
  void on_head_ends(Stream& stream, bool end) override;
  bool on_frame_header(const FrameHeader& frame) override;
  void on_settings() override;
  void add_attempt(const http::AttemptHeaders& attempt);
  void tunnel_answered(Stream& stream, http::Head& head, bool end);
  void ask_for_upgrade(Stream& stream);
  void give_up_upgrade(Stream& stream);
  bool peer_upgrades() const {
    return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
  }

  FieldList fields_;
};

// ---- writing -------------------------------------------------------------------------------------------------------

StreamId Client::write_request(const http::Head& head, const http::AttemptHeaders& attempt, bool end, void* user,
                               base::OutBuffer& out) {
  bool connect = head.method_id == http::MethodId::kConnect, upgrade = !head.upgrade.empty(),
       tunnel = connect || upgrade;
  fields_.clear();
  fields_.add(":method", upgrade ? "CONNECT" : head.method);
  if (upgrade) fields_.add(":protocol", head.upgrade);
  if (!connect) fields_.add(":scheme", head.scheme.empty() ? std::string_view("http") : head.scheme);
  fields_.add(":authority", head.authority);
  if (!connect) fields_.add(":path", head.path);
  auto own = [](bool there, Token token) { return there ? http::token_bit(token) : 0; };
  fields_.add_fields(head, http::token_bit(Token::kHost) | http::token_bit(Token::kContentLength) |
                               own(attempt.expected_timeout_ms > 0, Token::kXEnvoyExpectedRqTimeoutMs) |
                               own(attempt.attempt_count > 0, Token::kXEnvoyAttemptCount) |
                               own(attempt.is_timeout_retry >= 0, Token::kXEnvoyIsTimeoutRetry));
  if (head.content_length >= 0) fields_.add("content-length", head.content_length);
  add_attempt(attempt);
  // A body that turned out empty stays one: the message is the same for every attempt, and to some origins it is
  // another than one without.
  bool follows = !end || tunnel || head.framing == http::Framing::kChunked;
  nghttp2_data_provider body = provider();
  int32_t id =
      nghttp2_submit_request(session_, nullptr, fields_.data(), fields_.size(), follows ? &body : nullptr, nullptr);
  KGW_ASSERT(id > 0); // capacity() sees to the ids
  Stream& stream = add(static_cast<StreamId>(id));
  nghttp2_session_set_stream_user_data(session_, id, &stream);
  stream.user = user;
  stream.ended = end && !tunnel;
  stream.tunnel = tunnel;
  stream.upgrade = head.upgrade;
  if (upgrade) ask_for_upgrade(stream);
  send(out);
  if (stream.ended) note_waiting(stream);
  return static_cast<StreamId>(id);
}

void Client::add_attempt(const http::AttemptHeaders& attempt) {
  if (attempt.expected_timeout_ms > 0) fields_.add("x-envoy-expected-rq-timeout-ms", attempt.expected_timeout_ms);
  if (attempt.attempt_count > 0) fields_.add("x-envoy-attempt-count", int64_t{attempt.attempt_count});
  if (attempt.is_timeout_retry >= 0)
    fields_.add("x-envoy-is-timeout-retry", attempt.is_timeout_retry > 0 ? "true" : "false");
}

// ---- reading -------------------------------------------------------------------------------------------------------

// What the peer allows, which before its settings are here is what libnghttp2 assumes.
unsigned Client::capacity() const {
  if (!reusable()) return 0;
  // RFC 9113 5.1.1: ids are used once.
  if (nghttp2_session_get_next_stream_id(session_) > (1u << 31) - 2 * limits_.concurrent_streams) return 0;
  // Readers that take nothing have filled much of the window that all share: who comes now had better not wait behind
  // them.
  if (unread_ > limits_.connection_window_bytes / 2) return 0;
  return std::min(limits_.concurrent_streams,
                  nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
}

Stream* Client::on_head_begins(StreamId id, bool trailers) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->user == nullptr) return nullptr;
  // A head that follows a 1xx is none of trailers.
  bool response = !trailers || !stream->told_head;
  builder_.begin(response ? HeadBuilder::Of::kResponse : HeadBuilder::Of::kTrailers, arena_);
  return stream;
}

void Client::on_head_ends(Stream& stream, bool end) {
  Refusal refusal = builder_.finish(end);
  http::Head& head = builder_.head();
  bool trailers = stream.told_head;
  bool inform = !trailers && head.status / 100 == 1;
  bool too_many = inform && ++stream.informs > heads_.informational_responses;
  if (refusal || too_many || (trailers && stream.tunnel)) { // RFC 9113 8.5
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, static_cast<int32_t>(stream.id), NGHTTP2_PROTOCOL_ERROR);
    stream.fault = too_many ? "http2.too_many_1xx" : refusal ? refusal.reason : "http2.trailers_in_tunnel";
    return;
  }
  if (inform) return push_head(stream, EventKind::kInform, head, false, {});
  stream.told_head = true;
  stream.told_end |= end;
  if (stream.tunnel) return tunnel_answered(stream, head, end);
  push_head(stream, trailers ? EventKind::kTrailers : EventKind::kHead, head, end, {});
}

void Client::tunnel_answered(Stream& stream, http::Head& head, bool end) {
  if (head.status / 100 != 2) { // there is none: the request was complete with its head
    stream.tunnel = false;
    stream.ended = true;
    if (std::exchange(stream.deferred, false)) nghttp2_session_resume_data(session_, static_cast<int32_t>(stream.id));
    return push_head(stream, EventKind::kHead, head, end, {});
  }
  head.remove(Token::kContentLength); // RFC 9110 9.3.6
  head.content_length = -1;
  if (!stream.upgrade.empty()) head.status = 101;
  head.upgrade = stream.upgrade;
  push_head(stream, EventKind::kHead, head, false, {});
  if (end) push(EventKind::kEnd, stream);
}

// RFC 8441 3: not in front of the peer's word that it knows what this is. Nothing goes out until its settings are here.
void Client::ask_for_upgrade(Stream& stream) {
  if (!settings_received_) {
    waits_for_settings_ = true;
  } else if (!peer_upgrades()) {
    give_up_upgrade(stream);
  }
}

void Client::give_up_upgrade(Stream& stream) {
  stream.fault = "http2.no_extended_connect";
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, static_cast<int32_t>(stream.id), NGHTTP2_CANCEL);
}

void Client::on_settings() {
  if (!std::exchange(waits_for_settings_, false) || peer_upgrades()) return;
  for (auto& [id, stream] : streams_) {
    if (!stream.upgrade.empty()) give_up_upgrade(stream);
  }
}

// RFC 9113 10.5 holds for servers too.
bool Client::on_frame_header(const FrameHeader& frame) { return count_continuations(frame); }

} // namespace

std::unique_ptr<ClientCodec> make_client_codec(const HeadLimits& heads, const StreamLimits& streams,
                                               base::BlockPool* blocks) {
  return std::make_unique<Client>(heads, streams, blocks);
}

} // namespace kgw::codec::h2
