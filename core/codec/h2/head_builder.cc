#include "codec/h2/head_builder.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "codec/field_rules.h"
#include "http/target.h"

namespace kgw::codec::h2 {
namespace {

using http::Token;

constexpr size_t kFieldOverhead = 32; // RFC 9113 6.5.2
constexpr uint16_t kUsualFields = 24;

} // namespace

void HeadBuilder::begin(Of of, base::Arena& arena) {
  of_ = of;
  arena_ = &arena;
  head_ = {};
  head_.version = http::Version::kHttp2;
  host_ = {};
  refusal_ = {};
  bytes_ = 0;
  fields_ = hosts_ = 0;
}

void HeadBuilder::refuse(uint16_t status, const char* reason) {
  if (!refusal_) refusal_ = {status, reason};
}

// Every field counts, the dropped ones too: their decoding is what costs.
void HeadBuilder::field(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (bytes_ > limits_.head_bytes) return refuse(431, "http2.headers_too_large");
  if (name.starts_with(':')) return pseudo(name, value);
  if (++fields_ > limits_.field_count) return refuse(431, "http2.too_many_headers");
  if (refusal_) return;
  name = arena_->copy(name);
  value = arena_->copy(value);
  http::Field field{name.data(),
                    value.data(),
                    static_cast<uint32_t>(value.size()),
                    static_cast<uint16_t>(name.size()),
                    http::token_of(name),
                    0};
  interpret(field);
}

void HeadBuilder::pseudo(std::string_view name, std::string_view value) {
  if (refusal_) return;
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), head_.status);
    return;
  }
  value = arena_->copy(value);
  if (name == ":method") {
    head_.method = value;
    head_.method_id = http::method_of(value);
  }
  if (name == ":scheme") head_.scheme = value;
  if (name == ":authority") head_.authority = value;
  if (name == ":path") head_.path = value;
  if (name == ":protocol") head_.upgrade = value;
}

void HeadBuilder::interpret(http::Field& field) {
  bool request = of_ == Of::kRequest;
  if (of_ != Of::kResponse && field.token == Token::kOther && underscore_twin(field.name_view()))
    return refuse(400, "http2.header_name_with_underscore");
  if (of_ == Of::kTrailers) {
    if (allowed_in_trailers(field)) add(field);
    return;
  }
  if (field.token == Token::kHost && request) {
    host_ = field.value_view();
    ++hosts_;
    return;
  }
  if (field.token == Token::kExpect && request &&
      (head_.has(Token::kExpect) || !base::equal_ignore_case(field.value_view(), "100-continue")))
    return refuse(417, "http2.unknown_expectation");
  // One, and a number: libnghttp2 has looked.
  if (field.token == Token::kContentLength)
    std::from_chars(field.value, field.value + field.value_len, head_.content_length);
  add(field);
}

void HeadBuilder::add(const http::Field& field) {
  if (head_.count == head_.capacity) {
    auto capacity = static_cast<uint16_t>(
        std::max<size_t>(kUsualFields, std::min<size_t>(head_.capacity * size_t{2}, limits_.field_count)));
    auto* fields = arena_->array<http::Field>(capacity);
    std::copy_n(head_.fields, head_.count, fields);
    head_.fields = fields;
    head_.capacity = capacity;
  }
  head_.fields[head_.count++] = field;
  head_.present |= http::token_bit(field.token) & ~http::token_bit(Token::kOther);
}

Refusal HeadBuilder::finish(bool end) {
  if (refusal_) return refusal_;
  if (of_ == Of::kTrailers) return {};
  if (of_ == Of::kRequest) {
    if (Refusal refusal = check_request()) return refusal;
    join_cookies();
    if (head_.asks_for_tunnel()) return {};
  }
  head_.framing = end                         ? http::Framing::kNone
                  : head_.content_length >= 0 ? http::Framing::kLength
                                              : http::Framing::kChunked;
  return {};
}

Refusal HeadBuilder::check_request() {
  if (!base::is_token(head_.method)) return {400, "http2.invalid_method"};
  // RFC 9110 9.3.6: no server knows what content in CONNECT means.
  if (head_.method_id == http::MethodId::kConnect && head_.content_length >= 0) return {400, "http2.body_with_connect"};
  if (!head_.upgrade.empty()) { // libnghttp2 has looked that the method is CONNECT
    head_.method = "GET";
    head_.method_id = http::MethodId::kGet;
  }
  if (Refusal refusal = check_authority()) return refusal;
  return check_target();
}

// RFC 9113 8.3.1: both names of the host say the same.
Refusal HeadBuilder::check_authority() {
  if (hosts_ > 1) return {400, "http2.multiple_host"};
  if (head_.authority.empty()) head_.authority = host_;
  if (hosts_ == 1 && !base::equal_ignore_case(host_, head_.authority)) return {400, "http2.host_conflict"};
  if (head_.authority.empty()) return {400, "http2.missing_authority"};
  return http::valid_authority(head_.authority) ? Refusal{} : Refusal{400, "http2.invalid_authority"};
}

Refusal HeadBuilder::check_target() {
  if (head_.method_id == http::MethodId::kConnect) {
    bool with_port = http::parse_target(head_.authority, head_.method_id, *arena_).has_value();
    return with_port ? Refusal{} : Refusal{400, "http2.invalid_authority"}; // RFC 9113 8.5
  }
  bool shaped = head_.path.starts_with('/') || head_.path == "*";
  auto target = shaped ? http::parse_target(head_.path, head_.method_id, *arena_)
                       : base::Result<http::Target>(base::fail(base::ErrorCode::kInvalid, "no path"));
  if (!target) return {400, "http2.invalid_path"};
  head_.path = target->path;
  return {};
}

// RFC 9113 8.2.3: the crumbs of a cookie are one field everywhere else.
void HeadBuilder::join_cookies() {
  size_t crumbs = 0, bytes = 0;
  for (const http::Field& field : head_.all()) {
    if (field.token != Token::kCookie) continue;
    ++crumbs;
    bytes += field.value_len + 2;
  }
  if (crumbs < 2) return;
  auto* text = static_cast<char*>(arena_->allocate(bytes, 1));
  char* to = text;
  http::Field* first = nullptr;
  for (http::Field& field : head_.all()) {
    if (field.token != Token::kCookie) continue;
    if (first != nullptr) {
      *to++ = ';';
      *to++ = ' ';
      field.flags |= http::kRemoved;
    } else {
      first = &field;
    }
    to += field.value_view().copy(to, field.value_len);
  }
  first->value = text;
  first->value_len = static_cast<uint32_t>(to - text);
}

} // namespace kgw::codec::h2
