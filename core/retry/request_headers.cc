#include "retry/request_headers.h"

#include "retry/examine.h"
#include "retry/number.h"

namespace kgw::retry {
namespace {

using Header = http::Token; // Token is a word of retry-on here

constexpr uint64_t kMostMs = 1'000'000'000'000; // thirty years: no clock of ours overflows

std::string_view value_of(const http::Head& head, Header token) {
  const http::Field* field = head.only(token);
  return field == nullptr ? std::string_view{} : field->value_view();
}

// The elements of a list, which may stand on several lines.
template <typename Visit> void each_word(const http::Head& head, Header token, Visit visit) {
  if (!head.has(token)) return;
  for (const http::Field& field : head.all()) {
    if (field.token != token || field.removed()) continue;
    base::each_element(field.value_view(), [&](std::string_view word) {
      visit(word);
      return true;
    });
  }
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
  each_word(head, Header::kXEnvoyRetryOn, [&](auto word) { policy.on |= parse_retry_on(word).on & ~kGrpc; });
  each_word(head, Header::kXEnvoyRetryGrpcOn, [&](auto word) { policy.on |= parse_retry_on(word).on & kGrpc; });
  if (!may_retry(policy, head)) policy.on = 0;
  if (auto retries = parse_unsigned(value_of(head, Header::kXEnvoyMaxRetries), UINT64_MAX); retries && policy.on != 0) {
    policy.retries = static_cast<uint32_t>(*retries); // 32 bits, as Envoy keeps it
  }
  each_word(head, Header::kXEnvoyRetriableStatusCodes, [&](auto word) {
    if (auto code = parse_unsigned(word, UINT16_MAX)) policy.status_codes.push_back(static_cast<uint16_t>(*code));
  });
  each_word(head, Header::kXEnvoyRetriableHeaderNames,
            [&](auto name) { policy.headers.push_back({.name = base::to_lower(name)}); });
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
