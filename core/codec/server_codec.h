#pragma once
// The seam between bytes and messages on the client side. Sans-IO: bytes come in as spans, bytes go out through an
// OutBuffer. HTTP/1 has one stream (id 0) at a time, HTTP/2 many. Nobody above this seam knows which; what only many
// streams need has an answer here that suits one.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/buffer.h"
#include "http/head.h"

namespace kgw::codec {

using StreamId = uint32_t;

enum class EventKind : uint8_t {
  kNeedMore, // what is left of the input must be presented again in front of the next bytes
  kHead,     // head, end. A request for a tunnel ends with its head; what comes behind it is the tunnel's
  kInform,   // client codecs only: a 1xx head
  kData,     // data, end
  kTrailers, // head (fields only); ends the message
  kEnd,      // the message ended without anything else to tell (after the last kData of a chunked body)
  kReset,    // the peer cancelled the stream. reset
  kDrained,  // what waited for the peer to take it is on its way: there is room for more
  kRefused,  // server codecs: the request gets the answer `status` for `reason`; the connection goes on
  kBad,      // the peer broke the protocol; nothing further is read. status, reason
  kOver,     // the connection has done its work: nothing further comes, nothing is left to write
};

// Why a stream ended early. RFC 9113 7.
enum class Reset : uint8_t {
  kOther,
  kNoError,
  kCancel,
  kInternal,
  kRefused, // proof that nothing was done: REFUSED_STREAM, or a stream behind the last one that a GOAWAY names
  kProtocol,
  kConnect,
};

struct Event {
  EventKind kind = EventKind::kNeedMore;
  StreamId stream = 0;
  void* user = nullptr;         // what the stream was bound to; null for the head of a new request
  bool end = false;             // kHead, kData: nothing follows
  http::Head* head = nullptr;   // valid until the next call into the codec; its texts as http/head.h says
  std::span<const char> data{}; // points into the input
  Reset reset = Reset::kOther;  // kReset
  uint16_t status = 0; // kBad, kRefused: the answer (400, 408, 413, 414, 417, 426, 431, 501, 505; client codecs: 502);
                       // 0: the connection itself is broken, and no stream can be answered
  const char* reason = nullptr; // kBad, kRefused: Envoy-like detail, a static text such as "http1.invalid_header_name"
};

// Where the bytes of a request's head go: the arena of the exchange that the request will be. Asked once per head, when
// its first byte is parsed.
class ArenaSource {
 public:
  virtual base::Arena& request_arena(StreamId stream) = 0;

 protected:
  ~ArenaSource() = default;
};

struct HeadLimits {
  uint32_t head_bytes = 60 * 1024;
  uint32_t line_bytes = 60 * 1024;
  uint16_t field_count = 100;
  uint32_t chunk_line_bytes = 4096;
  uint32_t informational_responses = 64; // of one response; client codecs only
  bool accept_http_1_0 = false;
};

// What HTTP/2 adds: what we let the peer do.
struct StreamLimits {
  uint32_t concurrent_streams = 1024;
  uint32_t stream_window_bytes = 16 << 20, connection_window_bytes = 24 << 20;
  uint32_t resets = 1000;           // more than requests that ended well
  uint32_t empty_frames = 1;        // in a row
  uint32_t priority_frames = 100;   // for each stream
  uint32_t window_updates = 10;     // for each DATA frame sent, and for each stream
  uint32_t continuation_frames = 8; // of one head
  bool extended_connect = false;    // it is told that it may ask for upgrades (RFC 8441)
};

// One stream at a time unless a codec says otherwise.
class Codec {
 public:
  virtual ~Codec() = default;

  // Takes bytes off the front of `in` until one event is complete. With no input left it tells what was caused by
  // writing.
  virtual EventKind next(std::span<char>& in, Event& event) = 0;

  virtual void write_data(StreamId stream, std::span<const char> data, bool end, base::OutBuffer& out) = 0;
  virtual void write_trailers(StreamId stream, const http::Head& trailers, base::OutBuffer& out) = 0;
  // Whether next() has something to tell without any input: writing has caused it.
  virtual bool has_events() const { return false; }
  // What the protocol itself has to say: settings, acknowledgements, room for more data.
  virtual bool wants_write() const { return false; }
  virtual void write(base::OutBuffer&) {}

  // Messages share the connection: what it does says nothing of one of them.
  virtual bool multiplexes() const { return false; }
  // How many messages may be under way at once, now.
  virtual unsigned capacity() const { return 1; }
  // Events of this stream carry `user` from now on; null: no events any more.
  virtual void bind(StreamId stream, void* user) = 0;
  // Bytes of the stream that wait for the peer to take more; its end alone is as much as one.
  virtual size_t queued(StreamId) { return 0; }
  // Whether the peer of this stream alone can be made to wait (and to go on); false: only the whole connection.
  virtual bool hold(StreamId, bool) { return false; }
  // Gives the stream up. False when the connection must end for that.
  virtual bool reset(StreamId, Reset, base::OutBuffer&) { return false; }
  // Trailers are a matter of course in this protocol, and not only passed on where that is wanted.
  virtual bool always_trailers() const { return false; }
  // The response has turned the whole connection into a tunnel: the bytes of both sides pass as they are, as data
  // without end. A tunnel inside one stream of many is that stream's affair.
  virtual bool tunnel() const = 0;
  // Whether the connection may carry another request once what it carries now is complete.
  virtual bool reusable() const = 0;
  // Nothing is under way and nothing waits to be written.
  virtual bool idle() const { return true; }
  // Whether complete messages wait for their peer.
  virtual bool lingering() const { return false; }
  // Gives those up of which the peer has taken nothing since the last call, or since they were complete.
  virtual void drop_lingering(base::OutBuffer&) {}
};

class ServerCodec : public Codec {
 public:
  // A final head starts the response of the stream; `end` completes it. The codec chooses the framing from head.framing
  // and content_length and the request's version; hop-by-hop fields are its own affair (head must have none).
  virtual void write_inform(StreamId stream, const http::Head& head, base::OutBuffer& out) = 0;
  virtual void write_head(StreamId stream, const http::Head& head, bool end, base::OutBuffer& out) = 0;

  // A part of a head has come, and the rest of it is waited for.
  virtual bool reading_head(std::span<const char> rest) const { return !rest.empty(); }
  // The response that comes next is in front of the end of its request.
  virtual void answered_early() {}
  // The client is asked to send no further request. False: it is told in the next response head, and whoever drives the
  // codec closes behind it. True: the codec says kOver once the client knows and everything is answered.
  virtual bool close_after_response() = 0;
  // No further request is taken, whether the client knows or not.
  virtual void end() = 0;
};

} // namespace kgw::codec
