#include "proxy/listener_stats.h"

namespace kgw::proxy {
const std::vector<ListenerStatRow>& listener_stat_rows() {
  enum : bool { counter = false, gauge = true };
  static const std::vector<ListenerStatRow> rows = {
#define KGW_LISTENER_STAT(name, kind, meaning) {#name, kind, &ListenerStats::name},
#include "proxy/stats.def"
#undef KGW_LISTENER_STAT
  };
  return rows;
}

ListenerCounters::ListenerCounters(std::string name, unsigned workers) : name_(std::move(name)) {
  for (unsigned i = 0; i < workers; ++i) slots_.push_back(std::make_unique<Slot>());
}

uint64_t ListenerCounters::sum(base::Counter ListenerStats::* member) const {
  uint64_t total = 0;
  for (const auto& slot : slots_) total += (slot->stats.*member).value();
  return total;
}

} // namespace kgw::proxy
