#pragma once
// What the results of active checks make of an endpoint, by Envoy's rules. One per endpoint, on the worker that keeps
// its health.

#include <cstdint>

#include "cluster/health.h"
#include "cluster/policy.h"

namespace kgw::cluster {

enum class CheckResult : uint8_t {
  kPassed,
  kRefused,  // an answer, but not the wanted one: counts at once
  kAskedOut, // the same, with x-envoy-immediate-health-check-fail
  kNoAnswer, // no connection, or it broke: counts from unhealthy_threshold in a row
  kTimeout,  // the same
};

class CheckVerdict {
 public:
  // True when that changes who may be picked. The first result decides alone.
  bool take(CheckResult result, const HealthCheck& rules, Health& health) {
    constexpr uint32_t kSeenByPicks = Health::kFailedCheck | Health::kExcluded;
    uint32_t before = health.flags();
    bool failed = (before & Health::kFailedCheck) != 0;
    if (result == CheckResult::kPassed) {
      failures_ = 0;
      if (failed && (first_ || ++passes_ == rules.healthy_threshold))
        health.clear(kSeenByPicks | Health::kCheckTimeout);
    } else {
      passes_ = 0;
      bool silent = result == CheckResult::kNoAnswer || result == CheckResult::kTimeout;
      if (!failed) failed = first_ || !silent || ++failures_ == rules.unhealthy_threshold;
      if (failed) health.set(Health::kFailedCheck);
      if (result == CheckResult::kAskedOut) health.set(Health::kExcluded);
      health.clear(Health::kCheckTimeout);
      if (failed && result == CheckResult::kTimeout) health.set(Health::kCheckTimeout);
    }
    first_ = false;
    return ((before ^ health.flags()) & kSeenByPicks) != 0;
  }

 private:
  bool first_ = true;
  uint32_t passes_ = 0, failures_ = 0; // in a row, while they do not decide yet
};

} // namespace kgw::cluster
