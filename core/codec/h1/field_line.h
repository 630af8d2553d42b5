#pragma once
// One field line, RFC 9112 5, and what the fields that frame a message mean.

#include "codec/h1/fault.h"
#include "http/head.h"

namespace kgw::codec::h1 {

// What the special fields of one section have said so far.
struct Section {
  enum class Of : uint8_t { kRequest, kResponse, kTrailers };
  Of of = Of::kRequest;
  bool host_seen = false;
  bool chunked = false;
  bool close = false, keep_alive = false; // connection options
  std::string_view host{};
};

// Parses the line at `at`, which ends with LF before or at `end`; lower-cases the name in place and moves `at` behind
// the line.
Fault parse_field_line(char*& at, const char* end, http::Field& field);

// Checks the field against its section and takes its meaning into `section` and `head`. False: it is not kept as a
// field (host; in trailers what RFC 9110 6.5.1 forbids there).
bool interpret(const http::Field& field, http::Head& head, Section& section, Fault& fault);

} // namespace kgw::codec::h1
