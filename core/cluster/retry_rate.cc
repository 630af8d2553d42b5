#include "cluster/retry_rate.h"

#include <algorithm>

namespace kgw::cluster {
namespace {

uint64_t in_ms(Instant at) { return static_cast<uint64_t>(base::to_ms(at.time_since_epoch())); }

} // namespace

void RecentCount::add(Instant now, Duration window) {
  if (now >= until_ || window != window_) {
    window_ = window;
    uint64_t step_ms = std::max<uint64_t>(static_cast<uint64_t>(base::to_ms(window)) / kSteps, 1);
    uint64_t number = in_ms(now) / step_ms;
    current_ = static_cast<unsigned>(number % kSteps);
    until_ = Instant(base::from_ms(static_cast<int64_t>((number + 1) * step_ms)));
    steps_[current_].store(((number * step_ms) & kTimeMask) << kCountBits, std::memory_order_relaxed);
  }
  uint64_t step = steps_[current_].load(std::memory_order_relaxed);
  if ((step & kMostCount) != kMostCount) steps_[current_].store(step + 1, std::memory_order_relaxed);
}

uint64_t RecentCount::in_the_last(Duration window, Instant now) const {
  uint64_t total = 0, window_ms = static_cast<uint64_t>(base::to_ms(window)), now_ms = in_ms(now);
  for (const auto& each : steps_) {
    uint64_t step = each.load(std::memory_order_relaxed), age_ms = (now_ms - (step >> kCountBits)) & kTimeMask;
    // Another worker's clock may be a little ahead: its step then looks as old as can be.
    constexpr uint64_t kAheadMs = 60'000;
    if (age_ms < window_ms || age_ms > kTimeMask - kAheadMs) total += step & kMostCount;
  }
  return total;
}

RetryRate::RetryRate(unsigned workers) {
  for (unsigned i = 0; i < workers; ++i) counts_.push_back(std::make_unique<Counts>());
}

uint64_t RetryRate::sum(RecentCount Counts::* member, Duration window, Instant now) const {
  uint64_t total = 0;
  for (const auto& counts : counts_) total += (*counts.*member).in_the_last(window, now);
  return total;
}

bool RetryRate::take(unsigned worker, const RetryRateBudget& budget, Instant now) {
  bool few = sum(&Counts::retries_of_min, budget.min_interval, now) < budget.min_count;
  if (!few) {
    uint64_t retries = sum(&Counts::retries, budget.interval, now),
             requests = sum(&Counts::requests, budget.interval, now);
    if (retries * 100 >= requests * budget.percent) return false;
  }
  counts_[worker]->retries.add(now, budget.interval);
  counts_[worker]->retries_of_min.add(now, budget.min_interval);
  return true;
}

} // namespace kgw::cluster
