#pragma once

#include <cstdint>

namespace kgw::codec::h1 {

// Why a message is refused. `status` is the answer to a client; from an origin every fault is a 502.
struct Fault {
  uint16_t status = 0;
  const char* reason = nullptr; // null: no fault
  explicit operator bool() const { return reason != nullptr; }
};

} // namespace kgw::codec::h1
