#include "retry/examine.h"

#include <algorithm>

namespace kgw::retry {

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

ResponseFacts examine(const http::Head& head, bool end_stream, const Policy& policy) {
  ResponseFacts facts = examine_status(head.status, end_stream, policy);
  facts.ratelimited = head.has(http::Token::kXEnvoyRatelimited);
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
  return (on & kResetBeforeRequest) != 0 && !head_sent;
}

} // namespace kgw::retry
