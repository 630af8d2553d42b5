#pragma once
// One field line, RFC 9112 5, and what the fields that frame a message mean.

#include "codec/h1/fault.h"
#include "codec/h1/scan.h"
#include "http/head.h"

namespace kgw::codec::h1 {

// What the special fields of one section have said so far.
struct Section {
  enum class Of : uint8_t { kRequest, kResponse, kTrailers };
  Of of = Of::kRequest;
  bool host_seen = false;
  bool chunked = false;
  bool close = false, keep_alive = false, upgrade = false; // connection options
  std::string_view host{};
};

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Parses the line at `at`; [at, end) can be read and has its LF. Lower-cases the name in place and moves `at` behind
// the line. `plain` as lower_token says.
inline Fault parse_field_line(char*& at, const char* end, http::Field& field, bool& plain) {
  char* name = at;
  char* p = lower_token(name, end, plain);
  // Also a blank before the colon, obs-fold, no colon.
  if (*p != ':' || p == name) [[unlikely]]
    return {400, "http1.invalid_header_name"};
  auto name_bytes = static_cast<size_t>(p - name);
  if (name_bytes > UINT16_MAX) [[unlikely]]
    return {431, "http1.header_name_too_long"};
  char* value = p + 1;
  bool line = *value == ' ' && !is_blank(value[1]);
  while (is_blank(*value)) ++value;
  const char* stop = find_control(value, end);
  if (stop[0] != '\r' || stop[1] != '\n') [[unlikely]]
    return {400, "http1.invalid_header_value"};
  auto value_bytes = static_cast<size_t>(stop - value);
  at = value + value_bytes + 2;
  while (value_bytes > 0 && is_blank(value[value_bytes - 1])) [[unlikely]] {
    --value_bytes;
    line = false;
  }
  http::Token token = http::token_of({name, name_bytes});
  uint8_t flags = line ? http::kLine : 0;
  if ((http::token_bit(token) & http::tokens_with(http::kSecret)) != 0) flags |= http::kNeverLog;
  field = {name, value, static_cast<uint32_t>(value_bytes), static_cast<uint16_t>(name_bytes), token, flags};
  return {};
}

// Whether interpret() has anything to do with a field of this token outside trailers, if its name is plain.
inline bool has_meaning(http::Token token) {
  using http::Token;
  constexpr uint64_t kMeaning = http::token_bit(Token::kHost) | http::token_bit(Token::kContentLength) |
                                http::token_bit(Token::kTransferEncoding) | http::token_bit(Token::kConnection) |
                                http::token_bit(Token::kExpect) | http::token_bit(Token::kUpgrade);
  return (http::token_bit(token) & kMeaning) != 0;
}

// Checks the field against its section and takes its meaning into `section` and `head`. False: it is not kept as a
// field (host; in trailers what RFC 9110 6.5.1 forbids there).
bool interpret(const http::Field& field, http::Head& head, Section& section, Fault& fault);

} // namespace kgw::codec::h1
