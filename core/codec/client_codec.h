#pragma once
// The same seam on the origin side.

#include "codec/server_codec.h"

namespace kgw::codec {

struct RequestMode {
  bool head_request = false;   // the response has no body whatever it says
  bool connect = false;        // a 2xx has no body: the bytes behind it are a tunnel
  std::string_view upgrade{};  // what a 101 may switch to
};

class ClientCodec {
 public:
  virtual ~ClientCodec() = default;

  // Writes a request head. `attempt` carries the fields that differ between attempts. Returns the stream. With `end` no
  // body follows. Framing: content_length if known, else chunked when a body follows.
  virtual StreamId write_request(const http::Head& head, const http::AttemptHeaders& attempt, bool end, base::OutBuffer& out) = 0;
  virtual void write_data(StreamId stream, std::span<const char> data, bool end, base::OutBuffer& out) = 0;
  virtual void write_trailers(StreamId stream, const http::Head& trailers, base::OutBuffer& out) = 0;

  // As ServerCodec::next. Heads are borrowed from `in` (names are lower-cased in place) until the next call.
  virtual EventKind next(std::span<char>& in, Event& event) = 0;
  // The peer closed its side. Ends a body that runs until close (kEnd), else kBad (inside a message) or kNeedMore (between).
  virtual EventKind closed(Event& event) = 0;

  // As ServerCodec::tunnel. The end of data on it is the end of the stream.
  virtual bool tunnel() const = 0;
  // Whether a byte of the current response has been seen: decides "connection termination" against "protocol error".
  virtual bool response_started() const = 0;
  // Whether the connection may carry another request: both messages complete, keep-alive, nothing unread.
  virtual bool reusable() const = 0;
};

} // namespace kgw::codec
