#pragma once
// How long a request may take under a policy, and what that is made of.

#include <cstdint>
#include <string>

#include "base/time.h"
#include "retry/policy.h"

namespace kgw::config {

struct TimeBudget {
  Duration total{};    // zero: no limit
  Duration per_try{};  // zero: no limit
  uint64_t tries = 1;  // at most
  Duration back_off{}; // all waits between them at their longest; what an origin asks for in a header comes on top
};

// `per_try`: in force, so zero where it is not below the total.
TimeBudget time_budget(const retry::Policy& policy, Duration total, Duration per_try);
// All tries and waits at their longest, which the total may cut short. Zero without a per-try limit: there is no bound.
Duration longest(const TimeBudget& budget);
// total 15s, 4 tries of 5s, back-off 550ms
std::string print_budget(const TimeBudget& budget);

} // namespace kgw::config
