#pragma once
// The same seam on the origin side.

#include "codec/server_codec.h"

namespace kgw::codec {

struct RequestMode {
  bool head_request = false;  // the response has no body whatever it says
  bool connect = false;       // a 2xx has no body: the bytes behind it are a tunnel
  std::string_view upgrade{}; // what a 101 may switch to
};

// Heads that next() tells are borrowed from `in` (names are lower-cased in place) or from the codec, until the next
// call.
class ClientCodec : public Codec {
 public:
  // Writes a request head. `attempt` carries the fields that differ between attempts. Returns the stream, bound to
  // `user`. With `end` no body follows; if the head asks for a tunnel, its data does, once the answer has opened it.
  // Framing: content_length if known, else as the protocol does without.
  virtual StreamId write_request(const http::Head& head, const http::AttemptHeaders& attempt, bool end, void* user,
                                 base::OutBuffer& out) = 0;

  // The peer closed its side. Ends a body that runs until close (kEnd), else kBad (inside a message) or kNeedMore
  // (between).
  virtual EventKind closed(Event& event) = 0;
  // Asks whether the peer is still there: it answers with something that is told to nobody. False: this protocol
  // cannot.
  virtual bool ping(base::OutBuffer&) { return false; }
  // Whether a byte of the current response has been seen, on which the connection's end depends: decides "connection
  // termination" against "protocol error".
  virtual bool response_started() const = 0;
};

} // namespace kgw::codec
