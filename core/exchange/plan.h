#pragma once
// What was decided about a request before its first attempt. Immutable; a compiled route policy holds one ready.

#include <cstdint>

#include "base/time.h"
#include "cluster/view.h"
#include "retry/faults.h"
#include "retry/policy.h"

namespace kgw::exchange {

struct Plan {
  const retry::Policy* retry = nullptr; // never null
  cluster::View* cluster = nullptr;
  Duration global{};                     // 0: none
  Duration per_try{};                    // 0: none; already 0 where it was not below the global timeout
  Duration attempt_duration{};           // from an attempt's stream to the end of its response; 0: any
  Duration duration{};                   // of the whole request; 0: any
  const retry::Faults* faults = nullptr; // null: none
  uint64_t replay_limit = 0;             // bytes of request body kept for retries
  bool early_data = false;   // the request carries early-data: a 425 is then the client's to repeat (RFC 8470)
  bool alt_response = false; // 204 without a body instead of 504 when a timeout ends the request
  bool suppress_envoy_headers = false, timeout_retry_header = false;
  uint8_t attempt_count_headers = 0; // 1: to the endpoint, 2: to the client, 3: both
  bool tunnel = false; // an upgrade or CONNECT: its request does not end while the origin's answer is waited for
  bool hedge = false;  // a per-try timeout starts another attempt beside the slow one instead of resetting it
};

} // namespace kgw::exchange
