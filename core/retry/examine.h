#pragma once
// What does an outcome mean for a retry policy? Pure; the live proxy, explain and the simulator call the same
// functions.

#include "http/head.h"
#include "retry/policy.h"
#include "retry/reason.h"

namespace kgw::retry {

// All that retry rules may know about a response.
struct ResponseFacts {
  uint16_t status = 0;
  bool end_stream = false;  // the head was all of it
  bool ratelimited = false; // x-envoy-ratelimited was there, whatever its value
  bool switches = false;    // it opens the tunnel that the request asked for
  bool too_early = false;   // a 425 that the status list covers: retried at once
  uint32_t matched = 0;     // On bits whose rule this response fulfils
  int64_t wait_ms = -1;     // what its reset headers ask for; -1: nothing usable
  bool asked_out = false;   // x-envoy-immediate-health-check-fail was there
  uint16_t grpc_as_http =
      0; // of an answer to a gRPC request with a grpc-status in its head: what that means in HTTP; else 0
};

// `unix_s`: wall clock, for reset headers that name a time.
ResponseFacts examine(const http::Head& head, bool end_stream, const Policy& policy, int64_t unix_s);
// The same from a status alone (simulator, policy tests).
ResponseFacts examine_status(uint16_t status, bool end_stream, const Policy& policy);

// Whether the head has one of these fields.
bool has_any(const http::Head& head, const std::vector<FieldMatch>& matches);
// Whether the policy is for this request at all.
inline bool may_retry(const Policy& policy, const http::Head& request) {
  return policy.request_headers.empty() || has_any(request, policy.request_headers);
}

// The same for a request that came as early data (RFC 8470): its 425 is the client's to repeat, so the status list does
// not count. Other rules do.
inline void leave_to_client(ResponseFacts& facts) {
  if (!facts.too_early) return;
  facts.too_early = false;
  facts.matched &= ~static_cast<uint32_t>(kRetriableStatusCodes);
}

// Whether the policy would like to try again. A rate-limited response is decided by the envoy-ratelimited token alone.
bool covers(uint32_t on, const ResponseFacts& facts);
// `head_sent`: some attempt of this request, this one included, failed after it had begun to send the head.
bool covers(uint32_t on, Reason reason, bool head_sent);

} // namespace kgw::retry
