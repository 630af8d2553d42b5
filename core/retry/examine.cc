#include "retry/examine.h"

#include <algorithm>

#include "http/date.h"
#include "retry/number.h"

namespace kgw::retry {
namespace {

// Only the head counts, whatever the content type; a status in trailers comes too late.
uint32_t grpc_token(std::string_view text) {
  switch (parse_unsigned(text, UINT32_MAX).value_or(0)) {
  case 1: return kGrpcCancelled;
  case 4: return kGrpcDeadlineExceeded;
  case 8: return kGrpcResourceExhausted;
  case 13: return kGrpcInternal;
  case 14: return kGrpcUnavailable;
  default: return 0;
  }
}

// Each line of a name counts for itself.
bool has_value(const http::Head& head, std::string_view name, std::string_view wanted) {
  return std::ranges::any_of(head.all(), [&](const http::Field& field) {
    return !field.removed() && field.name_view() == name && field.value_view() == wanted;
  });
}

bool has(const http::Head& head, const FieldMatch& match) {
  auto is = [&match](std::string_view value) { return !value.empty() && (!match.value || value == *match.value); };
  if (match.name == ":status") return head.status != 0 && is(std::to_string(head.status));
  if (match.name == ":method") return is(head.method);
  if (match.name == ":path") return is(head.path);
  bool host = match.name == "host" && head.status == 0; // of a request: HTTP/2's name for it is :authority
  if (match.name == ":authority" || host) return is(head.authority);
  return match.value ? has_value(head, match.name, *match.value) : head.find(match.name) != nullptr;
}

// RFC 9110 10.2.3: seconds, or a date. Negative: nothing usable.
int64_t retry_after_s(const http::Head& head, int64_t unix_s) {
  const http::Field* field = head.find(http::Token::kRetryAfter);
  if (field == nullptr) return -1;
  if (auto number = parse_unsigned(field->value_view(), INT64_MAX / 1000)) return static_cast<int64_t>(*number);
  auto date = http::parse_date(field->value_view(), unix_s);
  return date ? *date - unix_s : -1;
}

// A wait beyond the most is passed over, not cut.
bool bearable(int64_t seconds, const Policy& policy) {
  return seconds >= 0 && seconds <= base::to_ms(policy.reset_most) / 1000;
}

int64_t wait_of(const http::Head& head, const Policy& policy, int64_t unix_s) {
  for (const ResetHeader& reset : policy.reset_headers) {
    const http::Field* field = head.find(reset.name);
    auto number = field == nullptr ? std::nullopt : parse_unsigned(field->value_view(), INT64_MAX / 1000);
    if (!number) continue;
    auto seconds = static_cast<int64_t>(*number) - (reset.format == ResetHeader::Format::kUnixTimestamp ? unix_s : 0);
    if (bearable(seconds, policy)) return seconds * 1000;
  }
  if (!policy.retry_after) return -1;
  int64_t seconds = retry_after_s(head, unix_s);
  return bearable(seconds, policy) ? seconds * 1000 : -1;
}

} // namespace

bool has_any(const http::Head& head, const std::vector<FieldMatch>& matches) {
  return std::any_of(matches.begin(), matches.end(), [&](const FieldMatch& match) { return has(head, match); });
}

ResponseFacts examine_status(uint16_t status, bool end_stream, const Policy& policy) {
  ResponseFacts facts{.status = status, .end_stream = end_stream};
  if (status >= 500 && status <= 599) facts.matched |= k5xx;
  if (status >= 502 && status <= 504) facts.matched |= kGatewayError;
  if (status == 409) facts.matched |= kRetriable4xx;
  const auto& codes = policy.status_codes;
  if (std::find(codes.begin(), codes.end(), status) != codes.end()) {
    facts.matched |= kRetriableStatusCodes;
    facts.too_early = status == 425 && (policy.on & kRetriableStatusCodes) != 0;
  }
  return facts;
}

ResponseFacts examine(const http::Head& head, bool end_stream, const Policy& policy, int64_t unix_s) {
  ResponseFacts facts = examine_status(head.status, end_stream, policy);
  facts.ratelimited = head.has(http::Token::kXEnvoyRatelimited);
  facts.asked_out = head.has(http::Token::kXEnvoyImmediateHealthCheckFail);
  if (const http::Field* status = head.only(http::Token::kGrpcStatus))
    facts.matched |= grpc_token(status->value_view());
  if (has_any(head, policy.headers)) facts.matched |= kRetriableHeaders;
  if (policy.waits_as_told()) facts.wait_ms = wait_of(head, policy, unix_s);
  return facts;
}

bool covers(uint32_t on, const ResponseFacts& facts) {
  if (facts.ratelimited) return (on & kEnvoyRatelimited) != 0;
  return (on & facts.matched) != 0;
}

bool covers(uint32_t on, Reason reason, bool head_sent) {
  if (reason == Reason::kOverflow) return false;
  if ((on & (k5xx | kGatewayError | kReset)) != 0) return true;
  if ((on & kConnectFailure) != 0 && facts_of(reason).connecting) return true;
  if ((on & kRefusedStream) != 0 && reason == Reason::kRemoteRefused) return true;
  return (on & kResetBeforeRequest) != 0 && !head_sent;
}

} // namespace kgw::retry
