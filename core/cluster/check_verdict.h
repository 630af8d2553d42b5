#pragma once
// What the results of active checks make of an endpoint, by Envoy's rules. One per endpoint, on the worker that keeps its health.

#include <cstdint>

#include "cluster/health.h"
#include "cluster/policy.h"

namespace kgw::cluster {

enum class CheckResult : uint8_t {
  kPassed,
  kRefused,   // an answer, but not the wanted one: counts at once
  kNoAnswer,  // no connection, or it broke: counts from unhealthy_threshold in a row
  kTimeout,   // the same
};

class CheckVerdict {
 public:
  // True when the endpoint became usable or unusable. The first result decides alone.
  bool take(CheckResult result, const HealthCheck& rules, Health& health) {
    bool failed = (health.flags() & Health::kFailedCheck) != 0, changed = false;
    if (result == CheckResult::kPassed) {
      failures_ = 0;
      changed = failed && (first_ || ++passes_ == rules.healthy_threshold);
      if (changed) health.clear(Health::kFailedCheck | Health::kCheckTimeout | Health::kExcluded);
    } else {
      passes_ = 0;
      changed = !failed && (first_ || result == CheckResult::kRefused || ++failures_ == rules.unhealthy_threshold);
      if (changed) health.set(Health::kFailedCheck);
      if (result == CheckResult::kTimeout && (failed || changed)) {
        health.set(Health::kCheckTimeout);
      } else {
        health.clear(Health::kCheckTimeout);
      }
    }
    first_ = false;
    return changed;
  }

 private:
  bool first_ = true;
  uint32_t passes_ = 0, failures_ = 0;  // in a row, while they do not decide yet
};

} // namespace kgw::cluster
