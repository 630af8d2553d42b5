#pragma once
// Counters of a listener, across snapshots: one padded slot per worker.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/counter.h"

namespace kgw::proxy {

struct ListenerStats {
#define KGW_LISTENER_STAT(name, kind, meaning) base::Counter name;
#include "proxy/stats.def"
#undef KGW_LISTENER_STAT
};

struct ListenerStatRow {
  std::string name;
  bool gauge;
  base::Counter ListenerStats::* member;
};
const std::vector<ListenerStatRow>& listener_stat_rows();

class ListenerCounters {
 public:
  ListenerCounters(std::string name, unsigned workers);
  const std::string& name() const { return name_; }
  ListenerStats& slot(unsigned worker) { return slots_[worker]->stats; }
  uint64_t sum(base::Counter ListenerStats::* member) const;

 private:
  struct alignas(base::kCacheLineBytes) Slot {
    ListenerStats stats;
  };
  std::string name_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

} // namespace kgw::proxy
