#pragma once
// Where a message's body ends. RFC 9112 6.3 as pure functions, one table for both hops.

#include "codec/client_codec.h"
#include "codec/h1/fault.h"

namespace kgw::codec::h1 {

// What a complete head says about its body. The parser has refused repeated and malformed fields before.
struct Declared {
  bool chunked = false;        // transfer-encoding: chunked
  int64_t content_length = -1; // -1: none
  http::Version version = http::Version::kHttp11;
};

struct Body {
  http::Framing framing = http::Framing::kNone;
  int64_t length = 0; // kLength
  Fault fault{};
};

Body request_body(const Declared& declared);
Body response_body(const Declared& declared, uint16_t status, const RequestMode& mode);

// How we frame what we send. kNone with a content_length means: say the length, send no body (HEAD, 304).
struct OutBody {
  http::Framing framing = http::Framing::kNone;
  int64_t content_length = -1; // to be written as a field; -1: none
  bool announce_chunked = false;
};

OutBody outgoing_request(const http::Head& head, bool end);
// `to` is the version of the client that reads the response.
OutBody outgoing_response(const http::Head& head, bool end, bool head_request, http::Version to);

} // namespace kgw::codec::h1
