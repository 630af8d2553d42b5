#include "retry/policy.h"

#include <algorithm>

#include "base/text.h"

namespace kgw::retry {

const std::vector<Token>& tokens() {
  static const std::vector<Token> kTokens = {
      {"5xx", k5xx},
      {"gateway-error", kGatewayError},
      {"reset", kReset},
      {"connect-failure", kConnectFailure},
      {"refused-stream", kRefusedStream},
      {"reset-before-request", kResetBeforeRequest},
      {"retriable-4xx", kRetriable4xx},
      {"retriable-status-codes", kRetriableStatusCodes},
      {"retriable-headers", kRetriableHeaders},
      {"envoy-ratelimited", kEnvoyRatelimited},
      {"http3-post-connect-failure", kHttp3PostConnectFailure},
      {"cancelled", kGrpcCancelled},
      {"deadline-exceeded", kGrpcDeadlineExceeded},
      {"resource-exhausted", kGrpcResourceExhausted},
      {"internal", kGrpcInternal},
      {"unavailable", kGrpcUnavailable},
  };
  return kTokens;
}

ParsedOn parse_retry_on(std::string_view text) {
  ParsedOn parsed;
  base::each_element(text, [&parsed](std::string_view item) {
    auto token = std::ranges::find(tokens(), item, &Token::name);
    if (token == tokens().end()) {
      parsed.unknown.emplace_back(item);
    } else {
      parsed.on |= token->bit;
    }
    return true;
  });
  return parsed;
}

base::Result<std::vector<FieldMatch>> parse_field_matches(std::string_view text) {
  std::vector<FieldMatch> matches;
  std::string_view bad;
  base::each_element(text, [&](std::string_view item) {
    size_t mark = std::min(item.find('='), item.size());
    std::string_view name = base::trim(item.substr(0, mark));
    bool pseudo = name == ":status" || name == ":method" || name == ":path" || name == ":authority";
    if (!pseudo && !base::is_token(name)) return bad = item, false;
    FieldMatch& match = matches.emplace_back(FieldMatch{.name = base::to_lower(name)});
    if (mark < item.size()) match.value = base::trim(item.substr(mark + 1));
    return true;
  });
  if (!bad.empty()) {
    return base::fail(base::ErrorCode::kInvalid,
                      "got \"" + std::string(bad) + "\"; need field names or name=value, separated by commas");
  }
  return matches;
}

} // namespace kgw::retry
