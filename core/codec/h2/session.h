#pragma once
// What both sides of an HTTP/2 connection share: libnghttp2 fed frame by frame, its callbacks as a queue of events, and
// bodies that wait for the peer's window.

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "base/block_pool.h"
#include "codec/client_codec.h"
#include "codec/h2/frame_scan.h"
#include "codec/h2/head_builder.h"
#include "codec/h2/outgoing.h"

namespace kgw::codec::h2 {

// From the first field of its head until both sides have ended it and nobody is bound to it.
struct Stream {
  StreamId id = 0;
  void* user = nullptr;
  base::Arena* arena = nullptr; // server: of the exchange; gone when nobody is bound
  bool open = true;             // for libnghttp2
  bool told_head = false, told_end = false;
  bool tunnel = false;      // asked for
  std::string_view upgrade; // client: to which protocol; a text of the request
  bool ended = false;       // we have nothing more to say
  bool deferred = false;    // libnghttp2 waits for us to say that there is data
  bool held = false;        // the reader is slow
  bool counted = false;     // in waiting_streams_
  bool headed = false;      // server: our answer has begun
  bool sent_end = false;    // all that we say is sent
  bool sent_reset = false;  // or we have given it up
  bool answered = false;    // server: completely, in front of the end of the request
  size_t last_seen = 0;     // server: of its body waited when somebody last looked
  size_t discarded = 0;     // bytes of the request that came after that
  size_t unread = 0;        // bytes for which a held stream's peer was given no room again
  Outgoing body;
  std::vector<std::pair<std::string, std::string>> trailers;
  Reset reset = Reset::kOther;
  const char* fault = nullptr; // what made us reset it
  uint32_t informs = 0;
};

class Session {
 public:
  enum class Side : uint8_t { kServer, kClient };

  Session(Side side, const HeadLimits& heads, const StreamLimits& streams, base::BlockPool* blocks);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

 protected:
  EventKind next_event(std::span<char>& in, Event& event);
  void put_data(StreamId stream, std::span<const char> data, bool end, base::OutBuffer& out);
  void put_trailers(StreamId stream, const http::Head& trailers, base::OutBuffer& out);
  void send(base::OutBuffer& out);
  bool events_wait() const { return told_ < events_.size(); }
  bool in_head_frame() const {
    FrameType type = scan_.frame().type;
    return !scan_.between() && (type == FrameType::kHeaders || type == FrameType::kContinuation);
  }
  bool sends() const { return !waits_for_settings_ && nghttp2_session_want_write(session_) != 0; }
  void reset_stream(StreamId stream, Reset reset, base::OutBuffer& out);
  void hold_stream(StreamId stream, bool held);
  size_t waiting(StreamId stream);
  void bind_stream(StreamId stream, void* user);
  Stream* find(StreamId id);
  Stream& add(StreamId id);
  void forget(Stream& stream);
  // Nothing more is read, and the peer is told why.
  void broken(uint32_t error, const char* reason);
  // Frames that a peer may send too often without breaking a rule (RFC 9113 10.5). False: it has; broken() was called.
  bool calm(bool fine, const char* reason);
  bool count_continuations(const FrameHeader& frame);
  bool count_empty(bool empty);
  nghttp2_data_provider provider();
  void push(EventKind kind, Stream& stream);
  void note_waiting(Stream& stream);
  void push_head(Stream& stream, EventKind kind, http::Head& head, bool end, Refusal refusal);

  // What only one side does. `stream` of the header calls is null where nobody wants the fields.
  virtual Stream* on_head_begins(StreamId id, bool trailers) = 0;
  virtual void on_head_ends(Stream& stream, bool end) = 0;
  virtual void on_head_invalid(Stream&) {}
  virtual void on_sent_end(Stream&) {}
  virtual void on_closed(const Stream&) {}
  virtual void on_useless_data(Stream&, size_t) {}
  virtual void on_sent_fault() {} // a reset for what the peer did
  virtual void on_ping_answered() {}
  virtual void on_sent_notice() {}
  virtual void on_settings() {}
  virtual bool on_frame_header(const FrameHeader& frame) = 0; // false: it breaks a limit; broken() was called

  const Side side_;
  const HeadLimits heads_;
  const StreamLimits limits_;
  nghttp2_session* session_ = nullptr;
  HeadBuilder builder_;
  base::Arena arena_; // heads and trailers that belong to no exchange
  std::unordered_map<StreamId, Stream> streams_;
  const char* broken_ = nullptr;
  uint64_t data_frames_sent_ = 0, streams_seen_ = 0;
  size_t unread_ = 0;           // of all held streams
  size_t answered_streams_ = 0; // server: open, answered in front of the end of their requests
  size_t waiting_streams_ = 0;  // for whose body or end the peer has no room
  bool goaway_received_ = false, goaway_sent_ = false, settings_received_ = false;
  bool waits_for_settings_ = false; // nothing is sent until they are here

 private:
  bool pop(Event& event);
  bool feed(std::span<char>& in);
  Stream* of(StreamId id) const;
  void start(Side side, base::BlockPool* blocks);
  void read_on(Stream& stream);
  void reset_sent(StreamId id, uint32_t error);
  void stream_closed(Stream& stream, uint32_t error);
  void data_came(StreamId id, std::span<const char> data);
  void frame_came(const nghttp2_frame& frame);
  void frame_sent(const nghttp2_frame& frame);

  static nghttp2_session_callbacks* callbacks();
  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_bytes,
                    const uint8_t* value, size_t value_bytes, uint8_t, void* self);
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t, const uint8_t*, size_t,
                            uint8_t, void* self);
  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int frame_was_sent(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int data_received(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t bytes, void* self);
  static int stream_ended(nghttp2_session*, int32_t id, uint32_t error, void* self);
  static int invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error, void* self);
  static ssize_t send_bytes(nghttp2_session*, const uint8_t* data, size_t bytes, int, void* self);
  static ssize_t read_body(nghttp2_session*, int32_t id, uint8_t*, size_t room, uint32_t* flags, nghttp2_data_source*,
                           void* self);
  static int send_body(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t bytes,
                       nghttp2_data_source*, void* self);

  FrameScan scan_;
  uint32_t empty_ = 0, continuations_ = 0; // in a row
  std::vector<Event> events_;
  size_t told_ = 0;                                                    // of them
  std::vector<std::unordered_map<StreamId, Stream>::node_type> spare_; // their memory serves the next streams
  Stream* last_ = nullptr;                                             // that was looked for
  base::OutBuffer* out_ = nullptr;                                     // of the call that is sending
  Stream* reading_ = nullptr;                                          // whose head is being read; null: thrown away
  bool told_broken_ = false, told_over_ = false;
  // RFC 8441 3: a client that was not told of extended CONNECT may not use it. One that does all the same gets an
  // answer that says no, where libnghttp2 would reset the stream had it not been told; so it is, and the client is not.
  bool silent_on_connect_ = false;
};

uint32_t code_of(Reset reset);
Reset reset_of(uint32_t code);

} // namespace kgw::codec::h2
