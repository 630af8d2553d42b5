#pragma once
// Durations and instants. Only `net` reads a clock; everything else is handed an Instant.

#include <chrono>
#include <cstdint>

namespace kgw::base {

using Duration = std::chrono::nanoseconds;

// The clock of Instant: monotonic, origin unspecified. It has no now() on purpose.
struct Monotonic {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<Monotonic>;
  static constexpr bool is_steady = true;
};
using Instant = Monotonic::time_point;

inline constexpr Instant kNever = Instant::max();  // a deadline that does not come
inline constexpr Duration kNone = Duration::min(); // "no duration was given", where zero has a meaning of its own

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int64_t to_ms(Duration d) { return std::chrono::duration_cast<milliseconds>(d).count(); }
constexpr Duration from_ms(int64_t ms) { return milliseconds(ms); }

} // namespace kgw::base

namespace kgw {
using base::Duration;
using base::Instant;
} // namespace kgw
