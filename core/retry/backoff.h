#pragma once
// Exponential back-off, as Envoy computes it, and with a minimum where the policy has one.

#include <algorithm>

#include "base/random.h"
#include "base/time.h"
#include "retry/policy.h"

namespace kgw::retry {

class Backoff {
 public:
  Backoff() = default;
  explicit Backoff(const Policy& policy)
      : next_ms_(std::max<int64_t>(1, base::to_ms(policy.base_interval))),
        max_ms_(policy.max_interval > Duration{} ? std::max(next_ms_, base::to_ms(policy.max_interval))
                                                 : next_ms_ * 10),
        jitter_(policy.jitter) {}

  // A whole number of milliseconds, uniform in [0, interval), or in [interval, 1.5 intervals) above a minimum; the
  // interval doubles up to the maximum.
  Duration draw(base::Random& random) {
    auto interval = static_cast<uint64_t>(next_ms_);
    auto delay =
        static_cast<int64_t>(jitter_ == Jitter::kFull ? random.below(interval) : interval + random.below(interval / 2));
    next_ms_ = next_ms_ < max_ms_ / 2 ? next_ms_ * 2 : max_ms_;
    return base::from_ms(delay);
  }
  int64_t interval_ms() const { return next_ms_; } // of the next draw

 private:
  int64_t next_ms_ = 25, max_ms_ = 250;
  Jitter jitter_ = Jitter::kFull;
};

} // namespace kgw::retry
