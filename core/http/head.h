#pragma once
// The one neutral message head between all protocols. A Head owns nothing: it points into an arena, an input buffer or
// a pinned snapshot, and whoever made it says how long that lives:
//   request head        the exchange's arena, until the exchange is done
//   response, 1xx head  the codec's input, until the next call into the codec; what is needed later is copied
//   request trailers    the exchange's arena

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "http/method.h"
#include "http/token.h"

namespace kgw::http {

enum class Version : uint8_t { kHttp10, kHttp11, kHttp2 };

// How the end of a message's body is found. RFC 9112 6.3.
enum class Framing : uint8_t {
  kNone,   // no body by rule: HEAD, 1xx, 204, 304, or a request without length
  kLength, // content-length bytes
  kChunked,
  kUntilClose, // HTTP/1 responses only
};

enum FieldFlag : uint8_t {
  kRemoved = 1 << 0, // a tombstone: encoders skip it
  kNeverLog = 1 << 1,
  // name, ": ", value and CRLF lie in memory as one line that a parser has checked: a serializer may copy it whole.
  // Whoever changes a field's texts clears it.
  kLine = 1 << 2,
  kHttp1Only = 1 << 3, // HTTP/2 has no such field
};

struct Field {
  const char* name; // lower case
  const char* value;
  uint32_t value_len;
  uint16_t name_len;
  Token token; // kOther for names that are not in tokens.def
  uint8_t flags;

  std::string_view name_view() const { return {name, name_len}; }
  std::string_view value_view() const { return {value, value_len}; }
  bool removed() const { return (flags & kRemoved) != 0; }
};
static_assert(sizeof(Field) == 24);

struct Head {
  // Not fields: the HTTP/1 start line and Host, HTTP/2 pseudo headers. authority keeps its port as received.
  std::string_view method, scheme, authority, path; // path: origin form with query
  // The protocol that a request asks to switch to, or that a 101 switches to (RFC 9110 7.8); empty: none.
  std::string_view upgrade;
  uint64_t present = 0;        // one bit per Token that some live field has
  int64_t content_length = -1; // -1: none given
  Field* fields = nullptr;
  uint16_t count = 0, capacity = 0, status = 0;
  MethodId method_id = MethodId::kOther;
  Framing framing = Framing::kNone;
  Version version = Version::kHttp11;

  bool asks_for_tunnel() const { return !upgrade.empty() || method_id == MethodId::kConnect; }

  std::span<Field> all() { return {fields, count}; }
  std::span<const Field> all() const { return {fields, count}; }
  bool has(Token token) const { return (present & token_bit(token)) != 0; }
  // First live field with this token; null if none. Only for tokens that are not kOther.
  const Field* find(Token token) const;
  Field* find(Token token) { return const_cast<Field*>(static_cast<const Head*>(this)->find(token)); }
  // The live field with this token when there is one line of it and no more: several lines of a field that holds one
  // value are no such value.
  const Field* only(Token token) const;
  // First live field with this (lower case) name; finds token fields too.
  const Field* find(std::string_view name) const;
  // Tombstones every field with this token.
  void remove(Token token);
  void remove(std::string_view name);
};
static_assert(std::is_trivially_copyable_v<Head>);

// Whether this final answer opens the tunnel that was asked for: 101, or 2xx to CONNECT (RFC 9110 7.8, 9.3.6). HTTP/2
// asks for an upgrade with CONNECT too (RFC 8441); between the codecs it looks as in HTTP/1: GET, and 101.
constexpr bool opens_tunnel(MethodId request, uint16_t status) {
  return status == 101 || (request == MethodId::kConnect && status / 100 == 2);
}

// What the gateway adds per attempt. Not fields of the Head, which is frozen before attempt 1: the encoder gets them
// beside it. Zero or unset means "do not send".
struct AttemptHeaders {
  int64_t expected_timeout_ms = 0; // x-envoy-expected-rq-timeout-ms
  uint32_t attempt_count = 0;      // x-envoy-attempt-count
  int8_t is_timeout_retry = -1;    // x-envoy-is-timeout-retry: 0 false, 1 true
};

} // namespace kgw::http
