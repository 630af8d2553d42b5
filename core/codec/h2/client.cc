#include "base/result.h"
#include "codec/h2/fields.h"
#include "codec/h2/h2.h"
#include "codec/h2/session_codec.h"

namespace kgw::codec::h2 {
namespace {

using http::Token;

class Client final : public SessionCodec<ClientCodec> {
 public:
  Client(const HeadLimits& heads, const StreamLimits& streams) : SessionCodec(Session::Side::kClient, heads, streams) {}

  StreamId write_request(const http::Head& head, const http::AttemptHeaders& attempt, bool end, void* user,
                         base::OutBuffer& out) override;
  EventKind closed(Event&) override { return EventKind::kNeedMore; }
  unsigned capacity() const override;
  bool response_started() const override { return false; }
  bool reusable() const override { return broken_ == nullptr && !goaway_received_; }
  bool idle() const override { return streams_.empty(); }

 private:
  Stream* on_head_begins(StreamId id, bool trailers) override;
  void on_head_ends(Stream& stream, bool end) override;
  bool on_frame_header(const FrameHeader& frame) override;
  void add_attempt(const http::AttemptHeaders& attempt);

  FieldList fields_;
};

// ---- writing -------------------------------------------------------------------------------------------------------

StreamId Client::write_request(const http::Head& head, const http::AttemptHeaders& attempt, bool end, void* user,
                               base::OutBuffer& out) {
  bool connect = head.method_id == http::MethodId::kConnect;
  fields_.clear();
  fields_.add(":method", head.method);
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
  nghttp2_data_provider body = provider();
  int32_t id =
      nghttp2_submit_request(session_, nullptr, fields_.data(), fields_.size(), end ? nullptr : &body, nullptr);
  KGW_ASSERT(id > 0); // capacity() sees to the ids
  Stream& stream = add(static_cast<StreamId>(id));
  nghttp2_session_set_stream_user_data(session_, id, &stream);
  stream.user = user;
  stream.ended = end;
  stream.head_request = head.method_id == http::MethodId::kHead;
  send(out);
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
  if (refusal || too_many) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, static_cast<int32_t>(stream.id), NGHTTP2_PROTOCOL_ERROR);
    stream.fault = too_many ? "http2.too_many_1xx" : refusal.reason;
    return;
  }
  if (inform) return push_head(stream, EventKind::kInform, head, false, {});
  stream.told_head = true;
  stream.told_end |= end;
  push_head(stream, trailers ? EventKind::kTrailers : EventKind::kHead, head, end, {});
}

// RFC 9113 10.5 holds for servers too.
bool Client::on_frame_header(const FrameHeader& frame) { return count_continuations(frame); }

} // namespace

std::unique_ptr<ClientCodec> make_client_codec(const HeadLimits& heads, const StreamLimits& streams) {
  return std::make_unique<Client>(heads, streams);
}

} // namespace kgw::codec::h2
