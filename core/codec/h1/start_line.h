#pragma once
// The first line of a message. RFC 9112 3 and 4.

#include "base/arena.h"
#include "codec/h1/fault.h"
#include "http/head.h"

namespace kgw::codec::h1 {

// Both parse the line at `at` and move `at` behind it. [at, end) can be read and has the line's LF.

// Fills method, path, version and, from an absolute target, scheme and authority. 400, 426 (HTTP/1.0, unless accepted),
// 505.
Fault parse_request_line(char*& at, const char* end, bool accept_http_1_0, http::Head& head, base::Arena& arena);
// Fills status and version. The reason phrase is checked and forgotten (RFC 9112 4: ignored by clients).
Fault parse_status_line(char*& at, const char* end, http::Head& head);

} // namespace kgw::codec::h1
