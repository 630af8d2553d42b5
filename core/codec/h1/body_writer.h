#pragma once
// The body of one message, written in its framing.

#include <cstdint>
#include <span>

#include "base/buffer.h"
#include "codec/h1/framing.h"

namespace kgw::codec::h1 {

class BodyWriter {
 public:
  void begin(const OutBody& body);
  // One chunk per call where the framing is chunked. Nothing is written for a message without a body.
  void data(std::span<const char> data, bool end, base::OutBuffer& out);
  // Ends the message with a trailer section, where the framing has one; elsewhere it is dropped.
  void trailers(const http::Head& trailers, base::OutBuffer& out);
  // False once more or less was written than the content-length promised: what the peer has read is no whole message,
  // so the connection must end with it (RFC 9112 8).
  bool honest() const { return honest_; }

 private:
  http::Framing framing_ = http::Framing::kNone;
  bool honest_ = true;
  uint64_t left_ = 0;
};

} // namespace kgw::codec::h1
