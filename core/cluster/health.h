#pragma once
// What all workers know of one endpoint's health, across snapshots and endpoint sets. The flags have one writer, the
// worker that keeps the cluster's health; the failures in a row are everybody's, written on a failure and on the first
// success after it.

#include <atomic>
#include <cstdint>

#include "cluster/policy.h"

namespace kgw::cluster {

// What a worker tells the one that keeps the health.
enum class Alarm : uint8_t {
  kConsecutive5xx,            // as many answers 5xx and local failures in a row as the rules allow
  kConsecutiveGatewayFailure, // the same for 502, 503, 504 and local failures
  kAskedOut,                  // an answer with x-envoy-immediate-health-check-fail
};

class Health {
 public:
  enum Flag : uint32_t {
    kEjected = 1 << 0,      // by outlier detection
    kFailedCheck = 1 << 1,  // active checks say so, or none has passed yet
    kCheckTimeout = 1 << 2, // a failed one whose last check had no answer in time
    kExcluded = 1 << 3,     // a failed one that asked to be left out: it does not count towards the panic threshold
  };

  explicit Health(uint32_t flags = 0) : flags_(flags) {}

  uint32_t flags() const { return flags_.load(std::memory_order_relaxed); }
  bool usable() const { return (flags() & (kEjected | kFailedCheck)) == 0; }
  bool excluded() const { return (flags() & kExcluded) != 0; }
  void set(uint32_t flags) { flags_.fetch_or(flags, std::memory_order_relaxed); }
  void clear(uint32_t flags) { flags_.fetch_and(~flags, std::memory_order_relaxed); }

  // An attempt ended with `status`; local failures come as 503 and 504. `raise` is called for every threshold reached
  // just now.
  template <class Raise> void count(uint16_t status, const OutlierDetection& rules, Raise raise) {
    if (status / 100 != 5) {
      forgive();
      return;
    }
    if (status < 502 || status > 504) {
      forgive(gateway_failures_);
    } else if (one_more(gateway_failures_) == rules.consecutive_gateway_failure) {
      raise(Alarm::kConsecutiveGatewayFailure);
    }
    if (one_more(failures_5xx_) == rules.consecutive_5xx) raise(Alarm::kConsecutive5xx);
  }
  void forgive(Alarm alarm) { forgive(alarm == Alarm::kConsecutive5xx ? failures_5xx_ : gateway_failures_); }
  void forgive() {
    forgive(failures_5xx_);
    forgive(gateway_failures_);
  }

 private:
  using InARow = std::atomic<uint32_t>;
  static uint32_t one_more(InARow& failures) { return failures.fetch_add(1, std::memory_order_relaxed) + 1; }
  static void forgive(InARow& failures) {
    if (failures.load(std::memory_order_relaxed) != 0) failures.store(0, std::memory_order_relaxed);
  }

  std::atomic<uint32_t> flags_;
  InARow failures_5xx_{0}, gateway_failures_{0};
};

} // namespace kgw::cluster
