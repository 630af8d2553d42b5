#include "config/time_budget.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "config/durations.h"

namespace kgw::config {
namespace {

// Durations that no sum may pass: far more than anybody waits, and far from the end of 64 bits.
constexpr Duration kAges = std::chrono::hours(24 * 365 * 100);

Duration times(Duration one, uint64_t count) {
  double product = static_cast<double>(one.count()) * static_cast<double>(count);
  return product >= static_cast<double>(kAges.count()) ? kAges : Duration(std::llround(product));
}

// The intervals double up to the longest one. Above a minimum, a wait takes up to half as long again.
Duration longest_waits(const retry::Policy& policy) {
  Duration next = policy.base_interval;
  const Duration most = policy.max_interval > Duration::zero() ? std::max(policy.max_interval, next) : times(next, 10);
  Duration sum{};
  uint64_t left = policy.retries;
  for (; left > 0 && next < most; --left) {
    sum = std::min(sum + next, kAges);
    next = next < most / 2 ? next * 2 : most;
  }
  sum = std::min(sum + times(most, left), kAges);
  return policy.jitter == retry::Jitter::kAboveMinimum ? std::min(sum + sum / 2, kAges) : sum;
}

std::string limit(Duration duration) { return duration == Duration::zero() ? "none" : print_duration(duration); }

} // namespace

TimeBudget time_budget(const retry::Policy& policy, Duration total, Duration per_try) {
  TimeBudget budget{total, per_try, 1, Duration::zero()};
  if (policy.on == 0) return budget;
  budget.tries += policy.retries;
  budget.back_off = longest_waits(policy);
  return budget;
}

Duration longest(const TimeBudget& budget) {
  if (budget.per_try == Duration::zero()) return Duration::zero();
  return std::min(times(budget.per_try, budget.tries) + budget.back_off, kAges);
}

std::string print_budget(const TimeBudget& budget) {
  std::string text =
      fmt::format("total {}, {} {}", limit(budget.total), budget.tries, budget.tries == 1 ? "try" : "tries");
  if (budget.per_try > Duration::zero()) text += " of " + print_duration(budget.per_try);
  if (budget.tries > 1) text += ", back-off " + print_duration(budget.back_off);
  return text;
}

} // namespace kgw::config
