#pragma once
// Heads as HTTP/1.1 text. It cannot write an invalid head: framing comes from OutBody alone, connection fields are its
// own, and bytes that would end a line become blanks (RFC 9110 5.5).

#include "base/buffer.h"
#include "codec/h1/framing.h"

namespace kgw::codec::h1 {

// Host first, from head.authority.
void write_request_head(const http::Head& head, const http::AttemptHeaders& attempt, const OutBody& body,
                        base::OutBuffer& out);

enum class ConnectionField : uint8_t {
  kNone,
  kClose,
  kKeepAlive,    // to an HTTP/1.0 client
  kUpgrade,      // 101: to head.upgrade
  kUpgradeClose, // 426: upgrade: HTTP/1.1 (RFC 9110 15.5.22)
};

void write_response_head(const http::Head& head, const OutBody& body, ConnectionField connection, base::OutBuffer& out);

// The end of a chunked body with its trailer section.
void write_chunked_trailers(const http::Head& trailers, base::OutBuffer& out);

} // namespace kgw::codec::h1
