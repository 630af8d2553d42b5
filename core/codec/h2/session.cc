#include "codec/h2/session.h"

#include "base/result.h"
#include "codec/h2/fields.h"

namespace kgw::codec::h2 {
namespace {

constexpr size_t kMostHeadSent = 1 << 20; // encoded; what may come in is bounded elsewhere

constexpr size_t kMostSpare = 32; // streams

Session& session_of(void* self) { return *static_cast<Session*>(self); }

base::BlockPool& blocks_of(void* self) { return *static_cast<base::BlockPool*>(self); }

void* zeroed(base::BlockPool& blocks, size_t bytes) {
  void* block = blocks.take(bytes);
  if (block != nullptr) std::memset(block, 0, bytes);
  return block;
}

// It asks for no more items than it has bounds for: no product overflows.
nghttp2_mem memory_of(base::BlockPool* blocks) {
  return {.mem_user_data = blocks,
          .malloc = [](size_t bytes, void* self) { return blocks_of(self).take(bytes); },
          .free = [](void* block, void* self) { blocks_of(self).give(block); },
          .calloc = [](size_t count, size_t bytes, void* self) { return zeroed(blocks_of(self), count * bytes); },
          .realloc = [](void* block, size_t bytes, void* self) { return blocks_of(self).resize(block, bytes); }};
}

// Of our settings frame.
std::string without_last_setting(std::string_view frame) {
  constexpr size_t kEntryBytes = 6;
  KGW_ASSERT(frame.size() >= FrameScan::kHeaderBytes + kEntryBytes && frame[3] == NGHTTP2_SETTINGS);
  std::string shorter(frame.substr(0, frame.size() - kEntryBytes));
  shorter[2] = static_cast<char>(shorter[2] - static_cast<char>(kEntryBytes)); // a few dozen bytes, in all
  return shorter;
}

} // namespace

uint32_t code_of(Reset reset) {
  switch (reset) {
  case Reset::kNoError: return NGHTTP2_NO_ERROR;
  case Reset::kInternal: return NGHTTP2_INTERNAL_ERROR;
  case Reset::kRefused: return NGHTTP2_REFUSED_STREAM;
  case Reset::kProtocol: return NGHTTP2_PROTOCOL_ERROR;
  case Reset::kConnect: return NGHTTP2_CONNECT_ERROR;
  default: return NGHTTP2_CANCEL;
  }
}

Reset reset_of(uint32_t code) {
  switch (code) {
  case NGHTTP2_NO_ERROR: return Reset::kNoError;
  case NGHTTP2_CANCEL: return Reset::kCancel;
  case NGHTTP2_INTERNAL_ERROR: return Reset::kInternal;
  case NGHTTP2_REFUSED_STREAM: return Reset::kRefused;
  case NGHTTP2_PROTOCOL_ERROR: return Reset::kProtocol;
  case NGHTTP2_CONNECT_ERROR: return Reset::kConnect;
  default: return Reset::kOther;
  }
}

Session::Session(Side side, const HeadLimits& heads, const StreamLimits& streams, base::BlockPool* blocks)
    : side_(side), heads_(heads), limits_(streams), builder_(heads_), scan_(side == Side::kServer) {
  start(side, blocks);
}

Session::~Session() { nghttp2_session_del(session_); }

void Session::start(Side side, base::BlockPool* blocks) {
  nghttp2_option* option = nullptr;
  KGW_ASSERT(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  // It would keep as many closed streams as may be open, for priorities that we have no use for.
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_send_header_block_length(option, kMostHeadSent);
#ifdef KGW_NGHTTP2_HAS_RESET_RATE
  // Its count knows nothing of streams that were being answered; ours does.
  nghttp2_option_set_stream_reset_rate_limit(option, UINT64_MAX, UINT64_MAX);
#endif
  bool server = side == Side::kServer;
  nghttp2_mem memory = memory_of(blocks);
  nghttp2_mem* from = blocks == nullptr ? nullptr : &memory;
  int made = server ? nghttp2_session_server_new3(&session_, callbacks(), this, option, from)
                    : nghttp2_session_client_new3(&session_, callbacks(), this, option, from);
  nghttp2_option_del(option);
  KGW_ASSERT(made == 0);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, heads_.head_bytes},
      server ? nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.concurrent_streams}
             : nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings) - (server ? 0 : 1));
  silent_on_connect_ = server && !limits_.extended_connect;
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(limits_.connection_window_bytes));
}

// ---- streams -------------------------------------------------------------------------------------------------------

Stream* Session::find(StreamId id) {
  if (last_ != nullptr && last_->id == id) return last_;
  auto found = streams_.find(id);
  if (found == streams_.end()) return nullptr;
  return last_ = &found->second;
}

Stream* Session::of(StreamId id) const {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session_, static_cast<int32_t>(id)));
}

Stream& Session::add(StreamId id) {
  ++streams_seen_;
  if (spare_.empty()) {
    last_ = &streams_[id];
  } else {
    auto node = std::move(spare_.back());
    spare_.pop_back();
    node.key() = id;
    last_ = &streams_.insert(std::move(node)).position->second;
  }
  last_->id = id;
  return *last_;
}

void Session::forget(Stream& stream) {
  last_ = nullptr;
  auto node = streams_.extract(stream.id);
  if (spare_.size() == kMostSpare) return;
  node.mapped() = Stream{};
  spare_.push_back(std::move(node));
}

void Session::bind_stream(StreamId id, void* user) {
  Stream* stream = find(id);
  if (stream == nullptr) return;
  stream->user = user;
  if (user != nullptr) return;
  // The arena is somebody else's from now on, also if trailers are half read into it.
  stream->arena = nullptr;
  stream->last_seen = stream->body.size();
  if (reading_ == stream) reading_ = nullptr;
  read_on(*stream);
  if (!stream->open) forget(*stream);
}

void Session::reset_stream(StreamId id, Reset reset, base::OutBuffer& out) {
  Stream* stream = find(id);
  if (stream == nullptr) return;
  bool open = stream->open;
  bind_stream(id, nullptr);
  if (!open) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, static_cast<int32_t>(id), code_of(reset));
  send(out);
}

void Session::hold_stream(StreamId id, bool held) {
  Stream* stream = find(id);
  if (stream == nullptr) return;
  stream->held = held;
  if (!held) read_on(*stream);
}

void Session::read_on(Stream& stream) {
  stream.held = false;
  if (stream.unread == 0) return;
  unread_ -= stream.unread;
  if (stream.open) {
    nghttp2_session_consume(session_, static_cast<int32_t>(stream.id), stream.unread);
  } else {
    nghttp2_session_consume_connection(session_, stream.unread);
  }
  stream.unread = 0;
}

size_t Session::waiting(StreamId id) {
  const Stream* stream = find(id);
  return stream == nullptr ? 0 : std::max<size_t>(stream->body.size(), stream->counted ? 1 : 0);
}

void Session::broken(uint32_t error, const char* reason) {
  if (broken_ != nullptr) return;
  broken_ = reason;
  nghttp2_session_terminate_session(session_, error);
}

bool Session::calm(bool fine, const char* reason) {
  if (!fine) broken(NGHTTP2_ENHANCE_YOUR_CALM, reason);
  return fine;
}

bool Session::count_continuations(const FrameHeader& frame) {
  continuations_ = frame.type == FrameType::kContinuation ? continuations_ + 1 : 0;
  return calm(continuations_ <= limits_.continuation_frames, "http2.too_many_continuations");
}

bool Session::count_empty(bool empty) {
  empty_ = empty ? empty_ + 1 : 0;
  return calm(empty_ <= limits_.empty_frames, "http2.too_many_empty_frames");
}

// ---- events --------------------------------------------------------------------------------------------------------

void Session::push(EventKind kind, Stream& stream) {
  events_.push_back({.kind = kind, .stream = stream.id, .reset = stream.reset, .reason = stream.fault});
}

void Session::push_head(Stream& stream, EventKind kind, http::Head& head, bool end, Refusal refusal) {
  push(kind, stream);
  Event& event = events_.back();
  event.head = &head;
  event.end = end;
  event.status = refusal.status;
  event.reason = refusal.reason;
}

// What nobody is bound to any more is not told.
bool Session::pop(Event& event) {
  while (events_wait()) {
    event = events_[told_++];
    Stream* stream = find(event.stream);
    bool fresh = event.kind == EventKind::kHead || event.kind == EventKind::kRefused;
    if (stream == nullptr || (stream->user == nullptr && !fresh)) continue;
    event.user = stream->user;
    return true;
  }
  events_.clear();
  told_ = 0;
  return false;
}

EventKind Session::next_event(std::span<char>& in, Event& event) {
  while (true) {
    if (pop(event)) return event.kind;
    event = {};
    if (broken_ != nullptr) {
      in = in.subspan(in.size());
      if (std::exchange(told_broken_, true)) return EventKind::kNeedMore;
      event.reason = broken_;
      return event.kind = EventKind::kBad;
    }
    bool over = (goaway_received_ || goaway_sent_) && streams_.empty() && !sends();
    if (over && !std::exchange(told_over_, true)) return event.kind = EventKind::kOver;
    if (in.empty()) return EventKind::kNeedMore;
    if (!feed(in)) broken(NGHTTP2_PROTOCOL_ERROR, "http2.protocol_error");
  }
}

bool Session::feed(std::span<char>& in) {
  std::span<char> part = in.first(scan_.piece(in));
  in = in.subspan(part.size());
  bool header = false;
  std::span<const char> piece = scan_.read(part, header);
  if (piece.empty()) return true;
  if (header && !on_frame_header(scan_.frame())) return true; // broken() has the reason
  if (reading_ == nullptr) arena_.reset();                    // the last event has been told, and no head is half read
  ssize_t taken = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(piece.data()), piece.size());
  if (taken == NGHTTP2_ERR_FLOODED) {
    broken(NGHTTP2_ENHANCE_YOUR_CALM, "http2.outbound_control_flood");
    return true;
  }
  return taken >= 0;
}

void Session::data_came(StreamId id, std::span<const char> data) {
  Stream* stream = of(id);
  bool wanted = stream != nullptr && stream->user != nullptr && !stream->answered;
  // Data of a held stream fills the window of the connection too: what all of them together may take is bounded by it.
  if (!wanted || !stream->held) {
    nghttp2_session_consume(session_, static_cast<int32_t>(id), data.size());
  } else {
    stream->unread += data.size();
    unread_ += data.size();
  }
  if (stream != nullptr && stream->answered) return on_useless_data(*stream, data.size());
  if (!wanted) return;
  push(EventKind::kData, *stream);
  events_.back().data = data;
}

void Session::frame_came(const nghttp2_frame& frame) {
  bool end = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
  case NGHTTP2_HEADERS:
    if (Stream* stream = std::exchange(reading_, nullptr)) on_head_ends(*stream, end);
    return;
  case NGHTTP2_DATA:
    // Padding is no content.
    count_empty(frame.hd.length == frame.data.padlen && !end);
    if (Stream* stream = of(static_cast<StreamId>(frame.hd.stream_id)); stream != nullptr && end) {
      stream->told_end = true;
      push(EventKind::kEnd, *stream);
    }
    return;
  case NGHTTP2_GOAWAY: goaway_received_ = true; return;
  case NGHTTP2_SETTINGS:
    if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) return;
    settings_received_ = true;
    return on_settings();
  case NGHTTP2_PING:
    if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) on_ping_answered();
    return;
  default: return;
  }
}

void Session::stream_closed(Stream& stream, uint32_t error) {
  stream.open = false;
  note_waiting(stream);
  on_closed(stream);
  if (stream.answered) --answered_streams_;
  if (reading_ == &stream) reading_ = nullptr;
  if (stream.user == nullptr) return forget(stream);
  bool over = stream.told_end && (side_ == Side::kClient || stream.sent_end);
  if (error == NGHTTP2_NO_ERROR && over) return;
  stream.reset = stream.fault != nullptr ? Reset::kProtocol : reset_of(error);
  push(EventKind::kReset, stream);
}

// ---- writing -------------------------------------------------------------------------------------------------------

void Session::send(base::OutBuffer& out) {
  if (waits_for_settings_) return;
  out_ = &out;
  if (nghttp2_session_send(session_) != 0) broken(NGHTTP2_INTERNAL_ERROR, "http2.internal_error");
  out_ = nullptr;
}

void Session::put_data(StreamId id, std::span<const char> data, bool end, base::OutBuffer& out) {
  Stream* stream = find(id);
  if (stream == nullptr || !stream->open) return;
  stream->body.offer(data);
  stream->ended |= end;
  if (std::exchange(stream->deferred, false)) nghttp2_session_resume_data(session_, static_cast<int32_t>(id));
  send(out);
  Stream* still = find(id);
  if (still == nullptr) return;
  still->body.keep();
  note_waiting(*still);
}

void Session::note_waiting(Stream& stream) {
  // An end waits for room as well: libnghttp2 sends nothing into a full window, not even an empty DATA frame.
  bool waits = stream.open && (stream.body.waiting() || (stream.ended && !stream.sent_end));
  if (std::exchange(stream.counted, waits) == waits) return;
  waits ? ++waiting_streams_ : --waiting_streams_;
}

void Session::put_trailers(StreamId id, const http::Head& trailers, base::OutBuffer& out) {
  Stream* stream = find(id);
  if (stream == nullptr) return;
  constexpr uint64_t kHop = http::tokens_with(http::kHop);
  for (const http::Field& field : trailers.all()) {
    if (field.removed() || (http::token_bit(field.token) & kHop) != 0) continue;
    stream->trailers.emplace_back(field.name_view(), field.value_view());
  }
  put_data(id, {}, true, out);
}

nghttp2_data_provider Session::provider() { return {.source = {.ptr = nullptr}, .read_callback = read_body}; }

ssize_t Session::read_body(nghttp2_session* session, int32_t id, uint8_t*, size_t room, uint32_t* flags,
                           nghttp2_data_source*, void*) {
  auto* stream = static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  size_t bytes = std::min(room, stream->body.size());
  bool last = stream->ended && bytes == stream->body.size();
  if (bytes == 0 && !last) {
    stream->deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!last) return static_cast<ssize_t>(bytes);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (stream->trailers.empty()) return static_cast<ssize_t>(bytes);
  *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  FieldList fields;
  for (const auto& [name, value] : stream->trailers) fields.add(name, value);
  nghttp2_submit_trailer(session, id, fields.data(), fields.size());
  return static_cast<ssize_t>(bytes);
}

int Session::send_body(nghttp2_session* session, nghttp2_frame* frame, const uint8_t* header, size_t bytes,
                       nghttp2_data_source*, void* self) {
  auto* stream = static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  Session& of = session_of(self);
  of.out_->append({reinterpret_cast<const char*>(header), FrameScan::kHeaderBytes});
  bool waited = stream->body.waiting();
  stream->body.take(bytes, *of.out_);
  if (waited && !stream->body.waiting()) of.push(EventKind::kDrained, *stream);
  if (waited) of.note_waiting(*stream);
  return 0;
}

ssize_t Session::send_bytes(nghttp2_session*, const uint8_t* data, size_t bytes, int, void* self) {
  Session& of = session_of(self);
  std::string_view frame{reinterpret_cast<const char*>(data), bytes};
  if (std::exchange(of.silent_on_connect_, false)) [[unlikely]] {
    of.out_->append(without_last_setting(frame));
  } else {
    of.out_->append(frame);
  }
  return static_cast<ssize_t>(bytes);
}

void Session::frame_sent(const nghttp2_frame& frame) {
  bool end = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
  case NGHTTP2_DATA: ++data_frames_sent_; [[fallthrough]];
  case NGHTTP2_HEADERS:
    if (Stream* stream = of(static_cast<StreamId>(frame.hd.stream_id)); stream != nullptr && end) {
      stream->sent_end = true;
      note_waiting(*stream);
      on_sent_end(*stream);
    }
    return;
  case NGHTTP2_RST_STREAM: return reset_sent(static_cast<StreamId>(frame.hd.stream_id), frame.rst_stream.error_code);
  case NGHTTP2_GOAWAY:
    // A shutdown notice names the highest id there is, and is not the last word.
    if (frame.goaway.last_stream_id == INT32_MAX) return on_sent_notice();
    goaway_sent_ = true;
    if (frame.goaway.error_code != NGHTTP2_NO_ERROR && broken_ == nullptr) broken_ = "http2.protocol_error";
    return;
  default: return;
  }
}

// What we reset for the peer's fault is no reset of the peer's.
void Session::reset_sent(StreamId id, uint32_t error) {
  Stream* stream = of(id);
  if (stream != nullptr) stream->sent_reset = true;
  bool ours = error == NGHTTP2_NO_ERROR || error == NGHTTP2_INTERNAL_ERROR || error == NGHTTP2_CANCEL;
  if (ours) return;
  if (stream != nullptr && stream->fault == nullptr) stream->fault = "http2.violation.of.messaging.rule";
  on_sent_fault();
}

// ---- what libnghttp2 calls -----------------------------------------------------------------------------------------

nghttp2_session_callbacks* Session::callbacks() {
  static nghttp2_session_callbacks* made = [] {
    nghttp2_session_callbacks* all = nullptr;
    KGW_ASSERT(nghttp2_session_callbacks_new(&all) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(all, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(all, header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(all, invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(all, frame_received);
    nghttp2_session_callbacks_set_on_frame_send_callback(all, frame_was_sent);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(all, data_received);
    nghttp2_session_callbacks_set_on_stream_close_callback(all, stream_ended);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(all, invalid_frame);
    nghttp2_session_callbacks_set_send_callback(all, send_bytes);
    nghttp2_session_callbacks_set_send_data_callback(all, send_body);
    return all;
  }();
  return made;
}

int Session::begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  Session& of = session_of(self);
  bool first = frame->headers.cat == NGHTTP2_HCAT_REQUEST || frame->headers.cat == NGHTTP2_HCAT_RESPONSE;
  of.reading_ = of.on_head_begins(static_cast<StreamId>(frame->hd.stream_id), !first);
  return 0;
}

// NOLINTNEXTLINE(readability-function-size): the shape of libnghttp2's callback
int Session::header(nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t name_bytes,
                    const uint8_t* value, size_t value_bytes, uint8_t, void* self) {
  Session& of = session_of(self);
  if (of.reading_ == nullptr) return 0;
  of.builder_.field({reinterpret_cast<const char*>(name), name_bytes},
                    {reinterpret_cast<const char*>(value), value_bytes});
  return 0;
}

// libnghttp2 would pass over the field; RFC 9113 8.2.1 calls the message malformed.
// NOLINTNEXTLINE(readability-function-size): the shape of libnghttp2's callback
int Session::invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t, const uint8_t*, size_t,
                            uint8_t, void* self) {
  Session& of = session_of(self);
  if (of.reading_ != nullptr) of.builder_.refuse(400, "http2.invalid_header");
  return 0;
}

int Session::frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  session_of(self).frame_came(*frame);
  return 0;
}

int Session::frame_was_sent(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  session_of(self).frame_sent(*frame);
  return 0;
}

int Session::data_received(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t bytes, void* self) {
  session_of(self).data_came(static_cast<StreamId>(id), {reinterpret_cast<const char*>(data), bytes});
  return 0;
}

int Session::stream_ended(nghttp2_session*, int32_t id, uint32_t error, void* self) {
  Session& of = session_of(self);
  if (Stream* stream = of.find(static_cast<StreamId>(id))) of.stream_closed(*stream, error);
  return 0;
}

// A malformed message: libnghttp2 resets its stream.
int Session::invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
  Session& of = session_of(self);
  if (of.reading_ == nullptr || of.reading_->id != static_cast<StreamId>(frame->hd.stream_id)) return 0;
  of.on_head_invalid(*std::exchange(of.reading_, nullptr));
  return 0;
}

} // namespace kgw::codec::h2
