#pragma once
// How often the thread has called operator new (h1/allocation_test.cc replaces it), and where heads go without any.

#include <cstddef>

#include "codec/server_codec.h"

namespace kgw::codec::test {

extern thread_local size_t allocations;

// One request at a time.
struct Recycled final : ArenaSource {
  base::Arena arena;
  base::Arena& request_arena(StreamId) override {
    arena.reset();
    return arena;
  }
};

} // namespace kgw::codec::test
