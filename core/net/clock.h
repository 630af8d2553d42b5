#pragma once
// The wall clock, for stamps alone; timers use the loop's monotonic instant.

#include <cstdint>

namespace kgw::net {

int64_t unix_time_us();

} // namespace kgw::net
