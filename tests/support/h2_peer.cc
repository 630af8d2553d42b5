#include "support/h2_peer.h"

#include <algorithm>

#include "base/result.h"

namespace kgw::test {
namespace {

constexpr size_t kMostUnsent = 64 * 1024; // what waits in libnghttp2 can still be cancelled

H2Peer& peer_of(void* self) { return *static_cast<H2Peer*>(self); }

std::string_view text(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

std::vector<nghttp2_nv> nvs_of(const H2Fields& fields) {
  std::vector<nghttp2_nv> all;
  auto bytes = [](const std::string& text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); // libnghttp2 does not write to it
  };
  for (const auto& [name, value] : fields)
    all.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  return all;
}

} // namespace

std::string value_of(const H2Fields& fields, std::string_view name) {
  auto found = std::ranges::find(fields, name, &H2Fields::value_type::first);
  return found == fields.end() ? "" : found->second;
}

int H2Stream::status() const { return headed ? std::stoi("0" + value_of(head, ":status")) : 0; }

H2Peer::H2Peer(Side side, const H2Options& options) {
  nghttp2_option* option = nullptr;
  KGW_ASSERT(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_auto_ping_ack(option, options.answers_pings ? 0 : 1);
  bool client = side == Side::kClient;
  int made = client ? nghttp2_session_client_new2(&session_, callbacks(), this, option)
                    : nghttp2_session_server_new2(&session_, callbacks(), this, option);
  nghttp2_option_del(option);
  KGW_ASSERT(made == 0);
  std::vector<nghttp2_settings_entry> settings = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window}};
  if (options.concurrent_streams)
    settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, *options.concurrent_streams});
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, options.connection_window);
}

H2Peer::~H2Peer() { nghttp2_session_del(session_); }

void H2Peer::adopt(std::unique_ptr<net::Transport> transport, bool open) {
  transport_ = std::move(transport);
  open_ = open;
  transport_->set_handler(this);
  flush();
}

void H2Peer::close(bool reset) {
  if (transport_ == nullptr) return;
  transport_->set_handler(nullptr);
  transport_->close(reset);
  closed_ = std::move(transport_); // it may be on the stack
}

H2Stream* H2Peer::find(int32_t id) {
  auto found = streams.find(id);
  return found == streams.end() ? nullptr : found->second.get();
}

H2Stream& H2Peer::add(int32_t id) {
  auto& stream = streams[id] = std::make_unique<H2Stream>();
  stream->id = id;
  return *stream;
}

// ---- saying --------------------------------------------------------------------------------------------------------

H2Stream& H2Peer::ask(const H2Fields& head, bool end) {
  auto fields = nvs_of(head);
  nghttp2_data_provider body{.source = {.ptr = nullptr}, .read_callback = read_body};
  int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), end ? nullptr : &body, nullptr);
  KGW_ASSERT(id > 0);
  H2Stream& stream = add(id);
  stream.complete = end;
  flush();
  return stream;
}

H2Stream& H2Peer::get(std::string_view path, const H2Fields& fields) {
  H2Fields head = {{":method", "GET"}, {":scheme", "http"}, {":authority", "test"}, {":path", std::string(path)}};
  head.insert(head.end(), fields.begin(), fields.end());
  return ask(head, true);
}

void H2Peer::inform(H2Stream& stream, int status) {
  H2Fields head = {{":status", std::to_string(status)}};
  auto fields = nvs_of(head);
  if (!stream.closed)
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id, nullptr, fields.data(), fields.size(), nullptr);
  flush();
}

void H2Peer::answer(H2Stream& stream, int status, const H2Fields& fields, bool end) {
  H2Fields head = {{":status", std::to_string(status)}};
  head.insert(head.end(), fields.begin(), fields.end());
  auto all = nvs_of(head);
  nghttp2_data_provider body{.source = {.ptr = nullptr}, .read_callback = read_body};
  stream.complete = end;
  if (!stream.closed) nghttp2_submit_response(session_, stream.id, all.data(), all.size(), end ? nullptr : &body);
  flush();
}

void H2Peer::answer(H2Stream& stream, int status, std::string_view body) {
  answer(stream, status, {{"content-length", std::to_string(body.size())}}, body.empty());
  if (!body.empty()) send(stream, body, true);
}

void H2Peer::send(H2Stream& stream, std::string_view data, bool end) {
  stream.unsent += data;
  stream.complete |= end;
  if (std::exchange(stream.deferred, false)) nghttp2_session_resume_data(session_, stream.id);
  flush();
}

void H2Peer::send_trailers(H2Stream& stream, const H2Fields& fields) {
  stream.last_fields = fields;
  send(stream, {}, true);
}

void H2Peer::reset(H2Stream& stream, uint32_t code) {
  if (!stream.closed) nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, code);
  flush();
}

void H2Peer::goaway(int32_t last_stream, uint32_t code) {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last_stream, code, nullptr, 0);
  flush();
}

void H2Peer::settings(int32_t id, uint32_t value) {
  nghttp2_settings_entry entry{id, value};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
  flush();
}

void H2Peer::ping() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  flush();
}

void H2Peer::hold(H2Stream& stream, bool held) {
  stream.held = held;
  if (!held && stream.unread > 0) nghttp2_session_consume_stream(session_, stream.id, std::exchange(stream.unread, 0));
  flush();
}

ssize_t H2Peer::read_body(nghttp2_session* session, int32_t id, uint8_t* into, size_t room, uint32_t* flags,
                          nghttp2_data_source*, void* self) {
  H2Stream& stream = *peer_of(self).find(id);
  size_t bytes = std::min(room, stream.unsent.size() - stream.sent);
  bool last = stream.complete && stream.sent + bytes == stream.unsent.size();
  stream.deferred = bytes == 0 && !last;
  if (stream.deferred) return NGHTTP2_ERR_DEFERRED;
  std::copy_n(stream.unsent.data() + stream.sent, bytes, into);
  stream.sent += bytes;
  if (!last) return static_cast<ssize_t>(bytes);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!stream.last_fields.empty()) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    auto fields = nvs_of(stream.last_fields);
    nghttp2_submit_trailer(session, id, fields.data(), fields.size());
  }
  return static_cast<ssize_t>(bytes);
}

// What libnghttp2 has to say goes out as the connection takes it; what is called back from inside waits for tell().
void H2Peer::flush() {
  if (telling_ || transport_ == nullptr || !open_ || error_) return;
  while (true) {
    const uint8_t* data = nullptr;
    ssize_t bytes = 0;
    while (unsent_.size() < kMostUnsent && (bytes = nghttp2_session_mem_send(session_, &data)) > 0)
      unsent_.append(reinterpret_cast<const char*>(data), static_cast<size_t>(bytes));
    if (unsent_.empty()) break;
    net::IoResult result = transport_->write({unsent_.data(), unsent_.size()});
    if (result.kind == net::IoResult::Kind::kAgain) break;
    if (result.kind != net::IoResult::Kind::kBytes) return transport_->want_write(false); // reading tells more
    unsent_.erase(0, result.bytes);
  }
  transport_->want_write(!unsent_.empty());
}

// ---- what comes ----------------------------------------------------------------------------------------------------

void H2Peer::on_connected() {
  open_ = true;
  flush();
}

void H2Peer::on_writable() { flush(); }

void H2Peer::on_readable() {
  if (transport_ == nullptr) return;
  char space[16384];
  auto result = transport_->read(space);
  if (result.kind == net::IoResult::Kind::kAgain) return;
  if (result.kind != net::IoResult::Kind::kBytes) {
    eof_ |= result.kind == net::IoResult::Kind::kEof;
    error_ |= result.kind == net::IoResult::Kind::kError;
    if (error_) transport_->want_write(false);
    return transport_->pause_reading();
  }
  ssize_t taken = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(space), result.bytes);
  if (taken < 0) violation += std::string(nghttp2_strerror(static_cast<int>(taken))) + "; ";
  tell();
  flush();
}

void H2Peer::tell() {
  telling_ = true;
  for (auto& [what, stream] : std::exchange(untold_, {})) {
    if (what != Told::kReset && std::exchange(stream->told_end, stream->ended)) continue;
    auto& told = what == Told::kReset ? on_reset : on_message;
    if (told && transport_ != nullptr) told(*this, *stream);
  }
  telling_ = false;
}

void H2Peer::came(const nghttp2_frame& frame) {
  H2Stream* stream = find(frame.hd.stream_id);
  if (frame.hd.type == NGHTTP2_GOAWAY) goaways.push_back(frame.goaway.last_stream_id);
  if (stream == nullptr) return;
  if (frame.hd.type == NGHTTP2_RST_STREAM) {
    stream->reset = frame.rst_stream.error_code;
    untold_.emplace_back(Told::kReset, stream);
  }
  if (frame.hd.type == NGHTTP2_HEADERS && !stream->headed) {
    stream->headed = !value_of(stream->head, ":status").starts_with('1');
    if (!stream->headed) {
      ++stream->informs;
      return stream->head.clear();
    }
    untold_.emplace_back(Told::kHead, stream);
  }
  if ((frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA) &&
      (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
    stream->ended = true;
    untold_.emplace_back(Told::kEnd, stream);
  }
}

void H2Peer::field_came(const nghttp2_frame& frame, std::string_view name, std::string_view value) {
  if (H2Stream* stream = find(frame.hd.stream_id))
    (stream->headed ? stream->trailers : stream->head).emplace_back(name, value);
}

void H2Peer::data_came(int32_t id, std::string_view data) {
  H2Stream* stream = find(id);
  nghttp2_session_consume_connection(session_, data.size());
  if (stream == nullptr) return;
  stream->body += data;
  if (stream->held) {
    stream->unread += data.size();
  } else {
    nghttp2_session_consume_stream(session_, id, data.size());
  }
}

nghttp2_session_callbacks* H2Peer::callbacks() {
  static nghttp2_session_callbacks* made = [] {
    nghttp2_session_callbacks* all = nullptr;
    KGW_ASSERT(nghttp2_session_callbacks_new(&all) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(
        all, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
          if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) peer_of(self).add(frame->hd.stream_id);
          return 0;
        });
    nghttp2_session_callbacks_set_on_header_callback(
        all, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_bytes,
                const uint8_t* value, size_t value_bytes, uint8_t, void* self) {
          peer_of(self).field_came(*frame, text(name, name_bytes), text(value, value_bytes));
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(all,
                                                         [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
                                                           peer_of(self).came(*frame);
                                                           return 0;
                                                         });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        all, [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t bytes, void* self) {
          peer_of(self).data_came(id, text(data, bytes));
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(all, [](nghttp2_session*, int32_t id, uint32_t, void* self) {
      if (H2Stream* stream = peer_of(self).find(id)) stream->closed = true;
      return 0;
    });
    nghttp2_session_callbacks_set_on_frame_not_send_callback( // a request behind a GOAWAY, among others
        all, [](nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
          H2Stream* stream = peer_of(self).find(frame->hd.stream_id);
          if (stream != nullptr && frame->hd.type == NGHTTP2_HEADERS) stream->closed = true;
          return 0;
        });
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        all, [](nghttp2_session*, const nghttp2_frame* frame, int error, void* self) {
          if (error == NGHTTP2_ERR_REFUSED_STREAM) return 0; // over a limit that the other side need not know yet
          peer_of(self).violation += "frame " + std::to_string(frame->hd.type) + " of stream " +
                                     std::to_string(frame->hd.stream_id) + ": " + nghttp2_strerror(error) + "; ";
          return 0;
        });
    return all;
  }();
  return made;
}

} // namespace kgw::test
