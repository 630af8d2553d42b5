#include "codec/h1/serializer.h"

#include <charconv>

#include "codec/h1/scan.h"
#include "http/status.h"

namespace kgw::codec::h1 {
namespace {

using http::Field;
using http::Head;
using http::Token;

// Room for everything that is not in the head: start line words, framing, connection and attempt fields.
constexpr size_t kExtraBytes = 384;

char* put(char* to, std::string_view text) { return to + text.copy(to, text.size()); }

char* put_number(char* to, int64_t number) { return std::to_chars(to, to + 20, number).ptr; }

// Field values that no HTTP/1 parser has checked.
char* put_value(char* to, std::string_view text) {
  char* end = put(to, text);
  for (const char* bad = find_control(to, end); bad != end; bad = find_control(bad, end)) to[bad - to] = ' ';
  return end;
}

// Parts of the request line and Host: not even a blank.
char* put_word(char* to, std::string_view text) {
  char* end = put(to, text);
  for (const char* bad = find_blank(to, end); bad != end; bad = find_blank(bad, end)) to[bad - to] = '_';
  return end;
}

size_t field_bytes(const Head& head) {
  size_t bytes = 0;
  for (const Field& field : head.all()) bytes += size_t{field.name_len} + field.value_len + 4;
  return bytes;
}

// Lines that lie behind each other in memory as they were received and checked go out in one copy.
bool whole_line(const Field& field) {
  return (field.flags & http::kLine) != 0 && field.value == field.name + field.name_len + 2;
}
const char* line_end(const Field& field) { return field.value + field.value_len + 2; }

char* put_fields(char* to, const Head& head, uint64_t skip) {
  auto skipped = [skip](const Field& field) { return field.removed() || (http::token_bit(field.token) & skip) != 0; };
  const Field* end = head.fields + head.count;
  for (const Field* field = head.fields; field != end; ++field) {
    if (skipped(*field)) continue;
    if (!whole_line(*field)) {
      to = put(to, field->name_view());
      to = put(to, ": ");
      to = put_value(to, field->value_view());
      to = put(to, "\r\n");
      continue;
    }
    const char* begin = field->name;
    while (field + 1 != end && field[1].name == line_end(*field) && whole_line(field[1]) && !skipped(field[1])) ++field;
    to = put(to, {begin, static_cast<size_t>(line_end(*field) - begin)});
  }
  return to;
}

char* put_framing(char* to, const OutBody& body) {
  if (body.announce_chunked) return put(to, "transfer-encoding: chunked\r\n");
  if (body.content_length < 0) return to;
  to = put(to, "content-length: ");
  to = put_number(to, body.content_length);
  return put(to, "\r\n");
}

char* put_attempt(char* to, const http::AttemptHeaders& attempt) {
  if (attempt.expected_timeout_ms > 0) {
    to = put_number(put(to, "x-envoy-expected-rq-timeout-ms: "), attempt.expected_timeout_ms);
    to = put(to, "\r\n");
  }
  if (attempt.attempt_count > 0) {
    to = put_number(put(to, "x-envoy-attempt-count: "), attempt.attempt_count);
    to = put(to, "\r\n");
  }
  if (attempt.is_timeout_retry < 0) return to;
  return put(to, attempt.is_timeout_retry > 0 ? "x-envoy-is-timeout-retry: true\r\n"
                                              : "x-envoy-is-timeout-retry: false\r\n");
}

// Fields whose text is made here, never copied.
constexpr uint64_t kOwnFields = http::tokens_with(http::kHop) | http::token_bit(Token::kContentLength);

uint64_t attempt_fields(const http::AttemptHeaders& attempt) {
  return (attempt.expected_timeout_ms > 0 ? http::token_bit(Token::kXEnvoyExpectedRqTimeoutMs) : 0) |
         (attempt.attempt_count > 0 ? http::token_bit(Token::kXEnvoyAttemptCount) : 0) |
         (attempt.is_timeout_retry >= 0 ? http::token_bit(Token::kXEnvoyIsTimeoutRetry) : 0);
}

char* put_upgrade(char* to, const Head& head) { return put(put_value(put(to, "upgrade: "), head.upgrade), "\r\n"); }

std::string_view connection_text(ConnectionField connection) {
  switch (connection) {
  case ConnectionField::kUpgrade: return "connection: upgrade\r\n";
  case ConnectionField::kClose: return "connection: close\r\n";
  case ConnectionField::kKeepAlive: return "connection: keep-alive\r\n";
  case ConnectionField::kUpgradeClose: return "upgrade: HTTP/1.1\r\nconnection: upgrade, close\r\n";
  case ConnectionField::kNone: break;
  }
  return {};
}

} // namespace

void write_request_head(const Head& head, const http::AttemptHeaders& attempt, const OutBody& body,
                        base::OutBuffer& out) {
  size_t room = head.method.size() + head.path.size() + 2 * head.authority.size() + head.upgrade.size() +
                field_bytes(head) + kExtraBytes;
  char* begin = out.prepare(room);
  char* to = put_word(begin, head.method);
  *to++ = ' ';
  to = put_word(to, head.method_id == http::MethodId::kConnect ? head.authority : head.path); // RFC 9112 3.2.3
  to = put_word(put(to, " HTTP/1.1\r\nhost: "), head.authority);
  to = put(to, "\r\n");
  to = put_fields(to, head, kOwnFields | http::token_bit(Token::kHost) | attempt_fields(attempt));
  // RFC 9110 10.1.4, 7.8: what survived of TE and Upgrade is hop-by-hop again on the next hop.
  if (head.has(Token::kTe)) to = put(to, "connection: te\r\nte: trailers\r\n");
  if (!head.upgrade.empty()) to = put_upgrade(put(to, connection_text(ConnectionField::kUpgrade)), head);
  to = put_framing(to, body);
  to = put_attempt(to, attempt);
  to = put(to, "\r\n");
  out.commit(static_cast<size_t>(to - begin));
}

void write_response_head(const Head& head, const OutBody& body, ConnectionField connection, base::OutBuffer& out) {
  char* begin = out.prepare(field_bytes(head) + head.upgrade.size() + kExtraBytes);
  char* to = put_number(put(begin, "HTTP/1.1 "), head.status);
  *to++ = ' ';
  to = put(to, http::reason_phrase(head.status));
  to = put(to, "\r\n");
  to = put_fields(to, head, kOwnFields);
  to = put_framing(to, body);
  to = put(to, connection_text(connection));
  if (connection == ConnectionField::kUpgrade) to = put_upgrade(to, head);
  to = put(to, "\r\n");
  out.commit(static_cast<size_t>(to - begin));
}

void write_chunked_trailers(const Head& trailers, base::OutBuffer& out) {
  char* begin = out.prepare(field_bytes(trailers) + kExtraBytes);
  char* to = put_fields(put(begin, "0\r\n"), trailers, kOwnFields);
  to = put(to, "\r\n");
  out.commit(static_cast<size_t>(to - begin));
}

} // namespace kgw::codec::h1
