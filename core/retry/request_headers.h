#pragma once
// What a trusted client changes about its request's retries and timeouts (Envoy's x-envoy-* request headers). An
// untrusted client's were stripped before (http/forwarding).

#include <optional>

#include "http/head.h"
#include "retry/policy.h"

namespace kgw::retry {

struct Asked {
  std::optional<Duration> timeout, per_try, attempt_duration; // zero: none
  std::optional<bool> hedge;
  bool alt_response = false; // 204 without a body instead of 504 when a timeout ends the request
};

// Every field that take_request_headers() takes away.
inline constexpr uint64_t kSteering =
    http::token_bit(http::Token::kXEnvoyRetryOn) | http::token_bit(http::Token::kXEnvoyRetryGrpcOn) |
    http::token_bit(http::Token::kXEnvoyMaxRetries) | http::token_bit(http::Token::kXEnvoyRetriableStatusCodes) |
    http::token_bit(http::Token::kXEnvoyRetriableHeaderNames) |
    http::token_bit(http::Token::kXEnvoyHedgeOnPerTryTimeout) |
    http::token_bit(http::Token::kXEnvoyUpstreamRqTimeoutMs) |
    http::token_bit(http::Token::kXEnvoyUpstreamRqPerTryTimeoutMs) |
    http::token_bit(http::Token::kXEnvoyUpstreamRqTimeoutAltResponse) |
    http::token_bit(http::Token::kXEnvoyUpstreamAltStatName) |
    http::token_bit(http::Token::kXEnvoyUpstreamStreamDurationMs);

// Changes `policy`, a copy of the route's: tokens are added, numbers replace, lists grow. What cannot be read has no
// effect. With `respect_expected` an incoming x-envoy-expected-rq-timeout-ms is the timeout, and the header with ours
// stays in.
Asked take_request_headers(http::Head& head, Policy& policy, bool respect_expected);

} // namespace kgw::retry
