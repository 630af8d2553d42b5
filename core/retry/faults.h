#pragma once
// What is injected into requests. Parts of a million; nothing is drawn for 0 and for all.

#include <cstdint>

#include "base/random.h"
#include "base/time.h"

namespace kgw::retry {

struct Faults {
  uint32_t delay_ppm = 0, abort_ppm = 0;
  Duration delay{};
  uint16_t abort_status = 503;
  // Below the retries: each attempt draws for itself, an abort is an answer like an endpoint's. Otherwise, as Envoy,
  // the request draws once, in front of the first attempt and outside all timeouts, and an abort is final.
  bool per_attempt = false;
  bool any() const { return delay_ppm > 0 || abort_ppm > 0; }
  bool operator==(const Faults&) const = default;
};

inline bool strikes(uint32_t ppm, base::Random& random) {
  return ppm >= 1'000'000 || (ppm > 0 && random.below(1'000'000) < ppm);
}

} // namespace kgw::retry
