#pragma once
// Whose turn it is, as Envoy chooses: round robin, the less loaded of some random picks, or at random. Where weights
// differ the first two keep a schedule: each host is due again 1 / weight after its last turn, a loaded one later. Load
// is this worker's own. A pick allocates nothing.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "cluster/host.h"
#include "cluster/policy.h"

namespace kgw::cluster {

class Balancer {
 public:
  void configure(Balance balance, uint32_t choices);
  // Among these from now on. Hosts that were there before keep their place in the schedule.
  void set(const std::vector<Host*>& hosts);
  size_t size() const { return hosts_.size(); }
  const std::vector<Host*>& hosts() const { return hosts_; }
  Host& pick(base::Random& random); // size() > 0

 private:
  Host& next_in_turn();
  Host& least_loaded(base::Random& random);
  Host& first_due();
  void schedule(Host& host);

  Balance balance_ = Balance::kRoundRobin;
  uint32_t choices_ = 2;
  std::vector<Host*> hosts_;
  size_t next_ = 0;
  std::vector<Host*> heap_; // the first due in front; empty: weights do not differ, or do not count
  double time_ = 0;         // of the schedule: when the last turn was due
  uint64_t turns_ = 0;
};

} // namespace kgw::cluster
