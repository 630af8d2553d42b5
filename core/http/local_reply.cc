#include "http/local_reply.h"

#include <charconv>

#include "http/forwarding.h"

namespace kgw::http {
namespace {

std::string_view decimal(uint32_t number, base::Arena& arena) {
  auto* text = static_cast<char*>(arena.allocate(10, 1));
  char* end = std::to_chars(text, text + 10, number).ptr;
  return {text, static_cast<size_t>(end - text)};
}

std::string_view grpc_status(uint16_t status) {
  switch (status) {
  case 400: return "13";
  case 401: return "16";
  case 403: return "7";
  case 404: return "12";
  case 429:
  case 502:
  case 503:
  case 504: return "14";
  default: return "2";
  }
}

// The gRPC wire format: bytes outside 0x20-0x7e and "%" are escaped.
std::string_view percent_encoded(std::string_view text, base::Arena& arena) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  auto* begin = static_cast<char*>(arena.allocate(text.size() * 3, 1));
  char* to = begin;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '%') {
      *to++ = c;
      continue;
    }
    *to++ = '%';
    *to++ = kHex[byte >> 4];
    *to++ = kHex[byte & 15];
  }
  arena.shrink_last(to);
  return {begin, static_cast<size_t>(to - begin)};
}

void add_common(Head& head, const LocalReply& reply, std::string_view date, base::Arena& arena) {
  if (!date.empty()) add_field(head, arena, Token::kDate, date);
  if (reply.overloaded) add_field(head, arena, Token::kXEnvoyOverloaded, "true");
  if (reply.attempt_count != 0) add_field(head, arena, Token::kXEnvoyAttemptCount, decimal(reply.attempt_count, arena));
}

} // namespace

ReplyForm reply_form_of(const Head& request) {
  constexpr std::string_view kGrpcType = "application/grpc";
  const Field* type = request.find(Token::kContentType);
  if (type == nullptr || !type->value_view().starts_with(kGrpcType)) return ReplyForm::kPlain;
  bool grpc = type->value_len == kGrpcType.size() || type->value[kGrpcType.size()] == '+';
  return grpc ? ReplyForm::kGrpc : ReplyForm::kPlain;
}

Head local_reply_head(const LocalReply& reply, ReplyForm form, bool head_request, std::string_view date,
                      base::Arena& arena) {
  Head head;
  if (form == ReplyForm::kGrpc) {
    head.status = 200;
    add_field(head, arena, Token::kContentType, "application/grpc");
    add_field(head, arena, Token::kGrpcStatus,
              reply.grpc_status < 0 ? grpc_status(reply.status)
                                    : decimal(static_cast<uint32_t>(reply.grpc_status), arena));
    if (!reply.body.empty()) add_field(head, arena, Token::kGrpcMessage, percent_encoded(reply.body, arena));
    add_common(head, reply, date, arena);
    return head;
  }
  head.status = reply.status;
  if (!reply.body.empty()) {
    head.content_length = static_cast<int64_t>(reply.body.size());
    head.framing = Framing::kLength;
    add_field(head, arena, Token::kContentType, "text/plain");
  } else if (head_request) {
    head.framing = Framing::kChunked;
  } else if (reply.status != 204) {
    head.content_length = 0;
    head.framing = Framing::kLength;
  }
  add_common(head, reply, date, arena);
  return head;
}

} // namespace kgw::http
