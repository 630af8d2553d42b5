#include "codec/h1/framing.h"

namespace kgw::codec::h1 {
namespace {

using http::Framing;
using http::Version;

// RFC 9112 6.1: both fields together, or a coding in HTTP/1.0, is how requests are smuggled.
Fault conflict(const Declared& declared) {
  if (!declared.chunked) return {};
  if (declared.content_length >= 0) return {400, "http1.content_length_and_chunked"};
  if (declared.version == Version::kHttp10) return {400, "http1.transfer_encoding_in_http_1_0"};
  return {};
}

// No body, whatever the head says. RFC 9112 6.3, items 1 and 2.
bool bodiless(uint16_t status, const RequestMode& mode) {
  return mode.head_request || status < 200 || status == 204 || status == 304 || (mode.connect && status < 300);
}

} // namespace

Body request_body(const Declared& declared) {
  if (Fault fault = conflict(declared)) return {.fault = fault};
  if (declared.chunked) return {.framing = Framing::kChunked};
  if (declared.content_length >= 0) return {.framing = Framing::kLength, .length = declared.content_length};
  return {};
}

Body response_body(const Declared& declared, uint16_t status, const RequestMode& mode) {
  if (Fault fault = conflict(declared)) return {.fault = fault};
  // RFC 9112 6.1, RFC 9110 8.6: a server that frames a body there is about to send one.
  if (status < 200 || status == 204) {
    if (declared.chunked) return {.fault = {502, "http1.transfer_encoding_not_allowed"}};
    if (declared.content_length > 0) return {.fault = {502, "http1.content_length_not_allowed"}};
  }
  if (bodiless(status, mode)) return {};
  if (declared.chunked) return {.framing = Framing::kChunked};
  if (declared.content_length >= 0) return {.framing = Framing::kLength, .length = declared.content_length};
  return {.framing = Framing::kUntilClose};
}

// RFC 9110 8.6: without a body, `content-length: 0` is for methods that are expected to have one; those that Envoy
// takes for such.
bool means_a_body(http::MethodId method) {
  switch (method) {
  case http::MethodId::kGet:
  case http::MethodId::kHead:
  case http::MethodId::kDelete:
  case http::MethodId::kTrace:
  case http::MethodId::kConnect: return false;
  default: return true;
  }
}

// A chunked request stays chunked even when its body is known to be empty by now: every attempt sends the same bytes.
OutBody outgoing_request(const http::Head& head, bool end) {
  if (head.content_length >= 0) return {.framing = Framing::kLength, .content_length = head.content_length};
  if (!end || head.framing == Framing::kChunked) return {.framing = Framing::kChunked, .announce_chunked = true};
  // A length, if only of 0, would say that a body comes in front of the switch.
  if (means_a_body(head.method_id) && head.upgrade.empty()) return {.framing = Framing::kLength, .content_length = 0};
  return {};
}

OutBody outgoing_response(const http::Head& head, bool end, bool head_request, Version to) {
  uint16_t status = head.status;
  if (status < 200 || status == 204) return {};
  if (status == 304) return {.content_length = head.content_length};
  if (head_request)
    return {.content_length = head.content_length,
            .announce_chunked = head.content_length < 0 && to != Version::kHttp10};
  if (head.content_length >= 0) return {.framing = Framing::kLength, .content_length = head.content_length};
  if (end) return {.framing = Framing::kLength, .content_length = 0};
  if (to == Version::kHttp10) return {.framing = Framing::kUntilClose};
  return {.framing = Framing::kChunked, .announce_chunked = true};
}

} // namespace kgw::codec::h1
