#include "codec/h1/field_line.h"

#include <algorithm>

#include "base/text.h"
#include "codec/field_rules.h"
#include "codec/h1/scan.h"
#include "http/target.h"

namespace kgw::codec::h1 {
namespace {

using http::Token;

// 1*DIGIT, below 2^63. RFC 9110 8.6.
bool parse_length(std::string_view text, int64_t& length) {
  uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    if (value > (INT64_MAX - 9) / 10) return false;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  length = static_cast<int64_t>(value);
  return !text.empty();
}

Fault content_length(const http::Field& field, http::Head& head) {
  // RFC 9112 6.3 lets equal repeats pass; no honest client sends them.
  if (head.content_length >= 0) return {400, "http1.multiple_content_length"};
  if (!parse_length(field.value_view(), head.content_length)) return {400, "http1.invalid_content_length"};
  return {};
}

bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte); }

// "gzip, chunked": chunked once, at the end, and tokens before it.
bool ends_with_chunked(std::string_view list) {
  size_t comma = list.rfind(',');
  if (comma == list.npos || !base::equal_ignore_case(base::trim(list.substr(comma + 1)), "chunked")) return false;
  for (list = list.substr(0, comma);; list.remove_prefix(comma + 1)) {
    comma = std::min(list.find(','), list.size());
    std::string_view coding = base::trim(list.substr(0, comma));
    if (!is_token(coding) || base::equal_ignore_case(coding, "chunked")) return false;
    if (comma == list.size()) return true;
  }
}

// Only the single token "chunked" can be framed. What does not end with it has no length: 400 (RFC 9112 6.3, item 4).
// Another coding before it is honest, but nothing that we decode: 501 (RFC 9112 6.1).
Fault transfer_encoding(const http::Field& field, const http::Head& head, Section& section) {
  if (head.has(Token::kTransferEncoding)) return {400, "http1.multiple_transfer_encoding"};
  std::string_view value = field.value_view();
  section.chunked = base::equal_ignore_case(value, "chunked");
  if (section.chunked) return {};
  if (ends_with_chunked(value)) return {501, "http1.unknown_transfer_encoding"};
  return {400, "http1.invalid_transfer_encoding"};
}

void connection_options(std::string_view list, Section& section) {
  base::each_element(list, [&section](std::string_view option) {
    section.close |= base::equal_ignore_case(option, "close");
    section.keep_alive |= base::equal_ignore_case(option, "keep-alive");
    section.upgrade |= base::equal_ignore_case(option, "upgrade");
    return true;
  });
}

Fault host(const http::Field& field, Section& section) {
  // RFC 9112 3.2: more than one, or an invalid one, MUST be answered with 400.
  if (section.host_seen) return {400, "http1.multiple_host"};
  section.host_seen = true;
  section.host = field.value_view();
  if (!http::valid_authority(section.host)) return {400, "http1.invalid_host"};
  return {};
}

// RFC 9110 10.1.1: there is one expectation, and a server that sees another may say so. A value that only some servers
// take for it desynchronises those that wait for the body from those that do not.
Fault expect(const http::Field& field, const http::Head& head) {
  bool good = !head.has(Token::kExpect) && base::equal_ignore_case(field.value_view(), "100-continue");
  return good ? Fault{} : Fault{417, "http1.unknown_expectation"};
}

} // namespace

bool interpret(const http::Field& field, http::Head& head, Section& section, Fault& fault) {
  Token token = field.token;
  if (token == Token::kOther && section.of != Section::Of::kResponse && underscore_twin(field.name_view()))
    fault = {400, "http1.header_name_with_underscore"};
  if (section.of == Section::Of::kTrailers) return allowed_in_trailers(field);
  switch (token) {
  case Token::kHost:
    if (section.of == Section::Of::kRequest) fault = host(field, section);
    return section.of != Section::Of::kRequest;
  case Token::kContentLength: fault = content_length(field, head); return true;
  case Token::kTransferEncoding: fault = transfer_encoding(field, head, section); return true;
  case Token::kExpect:
    if (section.of == Section::Of::kRequest) fault = expect(field, head);
    return true;
  case Token::kUpgrade:
    // A list over several lines: no client that wants one protocol sends it.
    if (section.of == Section::Of::kRequest && head.has(token)) fault = {400, "http1.multiple_upgrade"};
    return true;
  case Token::kConnection: connection_options(field.value_view(), section); return true;
  default: return true;
  }
}

} // namespace kgw::codec::h1
