#include "retry/request_headers.h"

#include "retry/examine.h"
#include "retry/number.h"

namespace kgw::retry {
namespace {

using Header = http::Token;  // Token is a word of retry-on here

constexpr uint64_t kMostMs = 1'000'000'000'000;  // thirty years: no clock of ours overflows

std::string_view value_of(const http::Head& head, Header token) {
  const http::Field* field = head.find(token);
  return field == nullptr ? std::string_view{} : field->value_view();
}

std::optional<Duration> milliseconds(const http::Head& head, Header token) {
  if (!head.has(token)) return std::nullopt;
  auto ms = parse_unsigned(value_of(head, token), kMostMs);
  if (!ms) return std::nullopt;
  return base::from_ms(static_cast<int64_t>(*ms));
}

} // namespace

Asked take_request_headers(http::Head& head, Policy& policy, bool respect_expected) {
  // Each header has its own tokens: a gRPC one in x-envoy-retry-on is unknown there.
  policy.on |= parse_retry_on(value_of(head, Header::kXEnvoyRetryOn)).on & ~kGrpc;
  policy.on |= parse_retry_on(value_of(head, Header::kXEnvoyRetryGrpcOn)).on & kGrpc;
  if (!may_retry(policy, head)) policy.on = 0;
  if (auto retries = parse_unsigned(value_of(head, Header::kXEnvoyMaxRetries), UINT64_MAX); retries && policy.on != 0) {
    policy.retries = static_cast<uint32_t>(*retries);  // 32 bits, as Envoy keeps it
  }
  base::each_element(value_of(head, Header::kXEnvoyRetriableStatusCodes), [&](std::string_view item) {
    if (auto code = parse_unsigned(item, UINT16_MAX)) policy.status_codes.push_back(static_cast<uint16_t>(*code));
    return true;
  });
  base::each_element(value_of(head, Header::kXEnvoyRetriableHeaderNames), [&](std::string_view name) {
    policy.headers.push_back({.name = base::to_lower(name)});
    return true;
  });
  bool expected = respect_expected && head.has(Header::kXEnvoyExpectedRqTimeoutMs);
  Header timeout = expected ? Header::kXEnvoyExpectedRqTimeoutMs : Header::kXEnvoyUpstreamRqTimeoutMs;
  Asked asked{.timeout = milliseconds(head, timeout),
              .per_try = milliseconds(head, Header::kXEnvoyUpstreamRqPerTryTimeoutMs),
              .attempt_duration = milliseconds(head, Header::kXEnvoyUpstreamStreamDurationMs),
              .alt_response = head.has(Header::kXEnvoyUpstreamRqTimeoutAltResponse)};
  std::string_view hedge = value_of(head, Header::kXEnvoyHedgeOnPerTryTimeout);
  if (hedge == "true" || hedge == "false") asked.hedge = hedge == "true";
  uint64_t taken = expected ? kSteering & ~http::token_bit(Header::kXEnvoyUpstreamRqTimeoutMs) : kSteering;
  for (http::Field& field : head.all()) {
    if ((http::token_bit(field.token) & taken) != 0) field.flags |= http::kRemoved;
  }
  head.present &= ~taken;
  return asked;
}

} // namespace kgw::retry
