#pragma once
// The seam between bytes and messages on the client side. Sans-IO: bytes come in as spans, bytes go out through an OutBuffer.
// HTTP/1 has one stream (id 0) at a time, HTTP/2 many. Nobody above this seam knows which.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/buffer.h"
#include "http/head.h"

namespace kgw::codec {

using StreamId = uint32_t;

enum class EventKind : uint8_t {
  kNeedMore,  // what is left of the input must be presented again in front of the next bytes
  kHead,      // head, end
  kInform,    // client codecs only: a 1xx head
  kData,      // data, end
  kTrailers,  // head (fields only); ends the message
  kEnd,       // the message ended without anything else to tell (after the last kData of a chunked body)
  kReset,     // the peer cancelled the stream
  kBad,       // the peer broke the protocol; nothing further is read. status, reason
};

struct Event {
  EventKind kind = EventKind::kNeedMore;
  StreamId stream = 0;
  bool end = false;                 // kHead, kData: nothing follows
  http::Head* head = nullptr;       // valid until the next call into the codec; its texts as http/head.h says
  std::span<const char> data{};     // points into the input
  uint16_t status = 0;              // kBad: the answer (400, 408, 413, 414, 417, 426, 431, 501, 505; client codecs: 502)
  const char* reason = nullptr;     // kBad: Envoy-like detail, a static text such as "http1.invalid_header_name"
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

class ServerCodec {
 public:
  virtual ~ServerCodec() = default;

  // Takes bytes off the front of `in` until one event is complete.
  virtual EventKind next(std::span<char>& in, Event& event) = 0;

  // Writing. A final head starts the response of the stream; `end` completes it. The codec chooses the framing from
  // head.framing and content_length and the request's version; hop-by-hop fields are its own affair (head must have none).
  virtual void write_inform(StreamId stream, const http::Head& head, base::OutBuffer& out) = 0;
  virtual void write_head(StreamId stream, const http::Head& head, bool end, base::OutBuffer& out) = 0;
  virtual void write_data(StreamId stream, std::span<const char> data, bool end, base::OutBuffer& out) = 0;
  virtual void write_trailers(StreamId stream, const http::Head& trailers, base::OutBuffer& out) = 0;

  // The next response head will say `connection: close` (drain, unread request body, error).
  virtual void close_after_response() = 0;
  // The response has turned the connection into a tunnel: the bytes of both sides pass as they are, as data without end.
  virtual bool tunnel() const = 0;
  // Whether the connection may carry another request once request and response of the current one are complete.
  virtual bool reusable() const = 0;
};

} // namespace kgw::codec
