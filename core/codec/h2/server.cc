#include <algorithm>
#include <array>

#include "codec/h2/fields.h"
#include "codec/h2/h2.h"
#include "codec/h2/session_codec.h"

namespace kgw::codec::h2 {
namespace {

constexpr size_t kMostDiscarded = 16384;
constexpr size_t kRemembered = 128; // streams that are closed

constexpr StreamId kOurs = 1u << 31;

// Complete for us, and the client does not take it, or does not end its request.
bool lingers(const Stream& stream) {
  return stream.user == nullptr && stream.open && (stream.counted || stream.answered);
}

class Server final : public SessionCodec<ServerCodec> {
 public:
  Server(ArenaSource& arenas, const HeadLimits& heads, const StreamLimits& streams, base::BlockPool* blocks)
      : SessionCodec(Session::Side::kServer, heads, streams, blocks), arenas_(arenas) {}

  void write_inform(StreamId id, const http::Head& head, base::OutBuffer& out) override;
  void write_head(StreamId id, const http::Head& head, bool end, base::OutBuffer& out) override;
  unsigned capacity() const override { return limits_.concurrent_streams; }
  bool reading_head(std::span<const char>) const override { return reading_a_head_ || in_head_frame(); }
  bool close_after_response() override;
  void end() override;
  bool reusable() const override { return broken_ == nullptr && !goaway_received_ && !closing_; }
  bool idle() const override { return streams_.empty() && (!closing_ || ended_); }
  bool lingering() const override;
  void drop_lingering(base::OutBuffer& out) override;

 private:
  Stream* on_head_begins(StreamId id, bool trailers) override;
  void on_head_ends(Stream& stream, bool end) override;
  void on_head_invalid(Stream& stream) override;
  void on_sent_end(Stream& stream) override;
  void on_closed(const Stream& stream) override;
  void on_useless_data(Stream& stream, size_t bytes) override;
  void on_sent_fault() override;
  void on_ping_answered() override;
  void on_sent_notice() override;
  bool on_frame_header(const FrameHeader& frame) override;
  bool count(const FrameHeader& frame);
  bool of_the_past(const FrameHeader& frame);
  void trailers_came(Stream& stream);

  ArenaSource& arenas_;
  FieldList fields_;
  StreamId highest_ = 0;
  std::array<StreamId, kRemembered> closed_{}; // the last ones; kOurs: by us
  size_t closed_count_ = 0;
  uint64_t resets_ = 0, resets_sent_ = 0, answered_ = 0, priorities_ = 0, window_updates_ = 0;
  bool reading_a_head_ = false, closing_ = false, ended_ = false;
};

// ---- reading -------------------------------------------------------------------------------------------------------

Stream* Server::on_head_begins(StreamId id, bool trailers) {
  if (trailers) {
    Stream* stream = find(id);
    if (stream == nullptr || stream->user == nullptr) return nullptr;
    builder_.begin(HeadBuilder::Of::kTrailers, *stream->arena);
    return stream;
  }
  highest_ = id;
  Stream& stream = add(id);
  nghttp2_session_set_stream_user_data(session_, static_cast<int32_t>(id), &stream);
  stream.arena = &arenas_.request_arena(id);
  builder_.begin(HeadBuilder::Of::kRequest, *stream.arena);
  return &stream;
}

void Server::on_head_ends(Stream& stream, bool end) {
  if (stream.told_head) return trailers_came(stream);
  stream.told_head = true;
  stream.told_end = end;
  Refusal refusal = builder_.finish(end);
  http::Head& head = builder_.head();
  stream.tunnel = !refusal && head.asks_for_tunnel();
  push_head(stream, refusal ? EventKind::kRefused : EventKind::kHead, head, end || stream.tunnel, refusal);
  if (stream.tunnel && end) push(EventKind::kEnd, stream);
}

// The stream is reset already; a record of the request is all that comes of it.
void Server::on_head_invalid(Stream& stream) {
  if (std::exchange(stream.told_head, true)) return;
  push_head(stream, EventKind::kRefused, builder_.head(), true, {400, "http2.invalid_header"});
}

void Server::trailers_came(Stream& stream) {
  stream.told_end = true;
  if (builder_.finish(true) || stream.tunnel) { // RFC 9113 8.5
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, static_cast<int32_t>(stream.id), NGHTTP2_PROTOCOL_ERROR);
    stream.told_end = false;
    return;
  }
  push_head(stream, EventKind::kTrailers, builder_.head(), true, {});
}

// What a peer may do too often without ever breaking a rule of RFC 9113 (10.5).
bool Server::on_frame_header(const FrameHeader& frame) {
  bool headers = frame.type == FrameType::kHeaders || frame.type == FrameType::kContinuation;
  reading_a_head_ = headers && !frame.end_headers();
  bool of_message = frame.type == FrameType::kHeaders || frame.type == FrameType::kData;
  bool past = of_message && frame.stream % 2 == 1 && frame.stream <= highest_ &&
              nghttp2_session_find_stream(session_, static_cast<int32_t>(frame.stream)) == nullptr;
  return (!past || of_the_past(frame)) && count(frame);
}

// RFC 9113 5.1, 5.1.1. What crosses our reset is passed over, as libnghttp2 does with all of it.
bool Server::of_the_past(const FrameHeader& frame) {
  bool ended = false;
  for (StreamId closed : closed_) {
    if (closed == (frame.stream | kOurs)) return true;
    ended |= closed == frame.stream;
  }
  if (ended) {
    broken(NGHTTP2_STREAM_CLOSED, "http2.stream_closed");
  } else if (frame.type == FrameType::kHeaders) {
    broken(NGHTTP2_PROTOCOL_ERROR, "http2.stream_id_not_above");
  }
  return broken_ == nullptr;
}

void Server::on_closed(const Stream& stream) {
  closed_[closed_count_++ % kRemembered] = stream.id | (stream.sent_reset ? kOurs : 0);
}

bool Server::count(const FrameHeader& frame) {
  switch (frame.type) {
  case FrameType::kHeaders:
  case FrameType::kContinuation:
    return count_empty(frame.bytes == 0 && !frame.end_headers()) && count_continuations(frame);
  case FrameType::kRstStream:
    // The end of a long answer that its client has enough of; rapid resets come in front of any.
    if (const Stream* stream = find(frame.stream); stream != nullptr && stream->headed) return true;
    return calm(++resets_ <= limits_.resets + answered_, "http2.too_many_resets");
  case FrameType::kPriority:
    return calm(++priorities_ <= limits_.priority_frames * (1 + streams_seen_), "http2.too_many_priorities");
  case FrameType::kWindowUpdate:
    return calm(++window_updates_ <= limits_.window_updates * (1 + streams_seen_ + data_frames_sent_),
                "http2.too_many_window_updates");
  default: return true;
  }
}

// Those for the client's faults: made to reset streams we work as much as if it did (MadeYouReset).
void Server::on_sent_fault() { calm(++resets_sent_ <= limits_.resets + answered_, "http2.too_many_resets"); }

// ---- writing -------------------------------------------------------------------------------------------------------

void Server::write_inform(StreamId id, const http::Head& head, base::OutBuffer& out) {
  if (Stream* stream = find(id); stream == nullptr || !stream->open) return;
  fields_.clear();
  fields_.add(":status", int64_t{head.status});
  fields_.add_fields(head, 0);
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, static_cast<int32_t>(id), nullptr, fields_.data(), fields_.size(),
                         nullptr);
  send(out);
}

void Server::write_head(StreamId id, const http::Head& head, bool end, base::OutBuffer& out) {
  Stream* stream = find(id);
  if (stream == nullptr || !stream->open) return;
  stream->ended = end;
  stream->headed = true;
  fields_.clear();
  fields_.add(":status", int64_t{head.status == 101 ? 200 : head.status}); // RFC 8441 5
  fields_.add_fields(head, http::token_bit(http::Token::kContentLength));
  if (head.content_length >= 0 && head.status != 204) fields_.add("content-length", head.content_length);
  nghttp2_data_provider body = provider();
  nghttp2_submit_response(session_, static_cast<int32_t>(id), fields_.data(), fields_.size(), end ? nullptr : &body);
  send(out);
}

void Server::on_sent_end(Stream& stream) {
  ++answered_;
  stream.answered = !stream.told_end;
  if (stream.answered) ++answered_streams_;
}

// RFC 9113 8.1: behind a complete answer, the client need not send the rest of its request. A small rest comes to its
// end.
void Server::on_useless_data(Stream& stream, size_t bytes) {
  bool enough = stream.discarded <= kMostDiscarded && stream.discarded + bytes > kMostDiscarded;
  stream.discarded += bytes;
  if (enough) nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, static_cast<int32_t>(stream.id), NGHTTP2_NO_ERROR);
}

bool Server::lingering() const {
  return waiting_streams_ + answered_streams_ > 0 &&
         std::ranges::any_of(streams_, [](const auto& entry) { return lingers(entry.second); });
}

void Server::drop_lingering(base::OutBuffer& out) {
  for (auto& [id, stream] : streams_) {
    bool moved = std::exchange(stream.last_seen, stream.body.size()) != stream.body.size();
    if (!lingers(stream) || moved) continue;
    uint32_t code = stream.answered ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, static_cast<int32_t>(id), code);
  }
  send(out);
}

// RFC 9113 6.8: a GOAWAY that refuses nothing yet, and the last one when the client has seen it: no request that
// crosses the first is lost.
bool Server::close_after_response() {
  if (std::exchange(closing_, true)) return true;
  nghttp2_submit_shutdown_notice(session_);
  return true;
}

// Behind it, since a PING overtakes what is not sent yet.
void Server::on_sent_notice() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }

void Server::on_ping_answered() {
  if (closing_) end();
}

void Server::end() {
  closing_ = true;
  if (std::exchange(ended_, true)) return;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

} // namespace

std::unique_ptr<ServerCodec> make_server_codec(ArenaSource& arenas, const HeadLimits& heads,
                                               const StreamLimits& streams, base::BlockPool* blocks) {
  return std::make_unique<Server>(arenas, heads, streams, blocks);
}

} // namespace kgw::codec::h2
