#pragma once
// How many responses of each status. One writing thread, any number of readers; a class of statuses gets its memory
// when the first of it is counted, so that thousands of clusters stay small.

#include <array>
#include <atomic>
#include <cstdint>

#include "base/counter.h"

namespace kgw::cluster {

class StatusCounts {
 public:
  static constexpr unsigned kLeast = 100, kMost = 599, kOther = 600; // kOther stands for all the others

  StatusCounts() = default;
  ~StatusCounts() {
    for (auto& group : groups_) delete group.load(std::memory_order_relaxed);
  }
  StatusCounts(const StatusCounts&) = delete;
  StatusCounts& operator=(const StatusCounts&) = delete;

  void add(unsigned status) {
    if (status < kLeast || status > kMost) return others_.add();
    std::atomic<Group*>& place = groups_[status / 100 - 1];
    Group* group = place.load(std::memory_order_relaxed);
    if (group == nullptr) [[unlikely]]
      place.store(group = new Group, std::memory_order_release);
    (*group)[status % 100].add();
  }
  uint64_t value(unsigned status) const {
    if (status < kLeast || status > kMost) return others_.value();
    const Group* group = groups_[status / 100 - 1].load(std::memory_order_acquire);
    return group == nullptr ? 0 : (*group)[status % 100].value();
  }

 private:
  using Group = std::array<base::Counter, 100>;
  std::array<std::atomic<Group*>, 5> groups_{};
  base::Counter others_;
};

} // namespace kgw::cluster
