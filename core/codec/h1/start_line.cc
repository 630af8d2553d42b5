#include "codec/h1/start_line.h"

#include "codec/h1/scan.h"
#include "http/target.h"

namespace kgw::codec::h1 {
namespace {

using http::Version;

constexpr size_t kVersionBytes = 8;

bool digit(char c) { return c >= '0' && c <= '9'; }

// RFC 9112 2.3: case-sensitive name, one digit, dot, one digit. Minor versions above 1 are read as 1.1 (RFC 9110 6.2).
Fault parse_version(const char* at, const char* end, Version& version) {
  bool shaped = static_cast<size_t>(end - at) >= kVersionBytes && std::memcmp(at, "HTTP/", 5) == 0 && digit(at[5]) &&
                at[6] == '.' && digit(at[7]);
  if (!shaped) return {400, "http1.invalid_version"};
  if (at[5] != '1') return {505, "http1.unsupported_version"};
  version = at[7] == '0' ? Version::kHttp10 : Version::kHttp11;
  return {};
}

bool line_ends(const char* at, const char* end) { return end - at >= 2 && at[0] == '\r' && at[1] == '\n'; }

} // namespace

Fault parse_request_line(char*& at, const char* end, bool accept_http_1_0, http::Head& head, base::Arena& arena) {
  const char* p = at;
  while (is_token_byte(*p)) ++p;
  head.method = {at, static_cast<size_t>(p - at)};
  if (head.method.empty() || *p != ' ') return {400, "http1.invalid_method"};
  const char* target = ++p;
  p = find_blank(p, end);
  std::string_view text(target, static_cast<size_t>(p - target));
  if (*p != ' ') return {400, "http1.invalid_request_line"};
  ++p;
  if (Fault fault = parse_version(p, end, head.version)) return fault;
  if (!line_ends(p + kVersionBytes, end)) return {400, "http1.invalid_request_line"};
  if (head.version == Version::kHttp10 && !accept_http_1_0) return {426, "http1.http_1_0_not_accepted"};
  head.method_id = http::method_of(head.method);
  auto parsed = http::parse_target(text, head.method_id, arena);
  if (!parsed) return {400, "http1.invalid_target"};
  head.scheme = parsed->scheme;
  head.authority = parsed->authority;
  head.path = parsed->path;
  at += p + kVersionBytes + 2 - at;
  return {};
}

Fault parse_status_line(char*& at, const char* end, http::Head& head) {
  const char* p = at;
  if (Fault fault = parse_version(p, end, head.version)) return fault;
  p += kVersionBytes;
  if (end - p < 5 || p[0] != ' ' || p[1] < '1' || p[1] > '9' || !digit(p[2]) || !digit(p[3]))
    return {502, "http1.invalid_status"};
  head.status = static_cast<uint16_t>((p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0'));
  p += 4;
  // Many servers leave the blank out when they have no phrase.
  if (*p == ' ') {
    p = find_control(p, end);
  }
  if (!line_ends(p, end)) return {502, "http1.invalid_status_line"};
  at += p + 2 - at;
  return {};
}

} // namespace kgw::codec::h1
