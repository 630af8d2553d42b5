#pragma once
// Counters with one writing thread and any number of readers: a plain load and store, no locked instruction.

#include <atomic>
#include <cstdint>

namespace kgw::base {

class Counter {
 public:
  void add(uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void sub(uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

inline constexpr unsigned kCacheLineBytes = 64;

} // namespace kgw::base
