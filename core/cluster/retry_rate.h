#pragma once
// How many requests and retries a cluster started lately, for a budget that limits one by the other. Each worker counts
// its own; they are summed when somebody asks for a retry.

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/counter.h"
#include "base/time.h"
#include "cluster/policy.h"

namespace kgw::cluster {

// Events of a sliding window: one thread counts, any thread reads. The window moves in steps of a 32nd of its length.
class RecentCount {
 public:
  void add(Instant now, Duration window);
  uint64_t in_the_last(Duration window, Instant now) const;

 private:
  static constexpr unsigned kSteps = 32;
  // A step is one word, so that nobody reads a beginning with another's count: its first millisecond above its count.
  static constexpr unsigned kCountBits = 28;
  static constexpr uint64_t kMostCount = (uint64_t{1} << kCountBits) - 1;
  static constexpr uint64_t kTimeMask = ~uint64_t{0} >> kCountBits;
  std::atomic<uint64_t> steps_[kSteps] = {};
  // The counting thread's: the step it counts in, until when, and for which length.
  unsigned current_ = 0;
  Instant until_{};
  Duration window_{};
};

class RetryRate {
 public:
  explicit RetryRate(unsigned workers);

  // ---- `worker`'s thread
  void request_started(unsigned worker, const RetryRateBudget& budget, Instant now) {
    counts_[worker]->requests.add(now, budget.interval);
  }
  // Whether another retry may start; if so, it counts.
  bool take(unsigned worker, const RetryRateBudget& budget, Instant now);

 private:
  struct alignas(base::kCacheLineBytes) Counts {
    RecentCount requests, retries, retries_of_min;
  };
  uint64_t sum(RecentCount Counts::* member, Duration window, Instant now) const;
  std::vector<std::unique_ptr<Counts>> counts_; // by worker
};

} // namespace kgw::cluster
