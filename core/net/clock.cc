#include "net/clock.h"

#include <ctime>

namespace kgw::net {

int64_t unix_time_us() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

} // namespace kgw::net
