#pragma once
// How often the thread has called operator new; h1/allocation_test.cc replaces it.

#include <cstddef>

namespace kgw::codec::test {

extern thread_local size_t allocations;

} // namespace kgw::codec::test
