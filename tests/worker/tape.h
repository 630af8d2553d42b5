#pragma once
// Records what the machines of a live worker were told and what they answered, and plays it to fresh machines.

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "exchange/event.h"
#include "gateway/worker.h"

namespace kgw::test {

class Tape {
 public:
  void record(gateway::Worker& worker); // from now on; the tape outlives the worker's last event
  // The first difference between the live run and a replay; empty when there is none. All exchanges of the tape share
  // one fresh cluster, as the live ones shared theirs, so that its breaker grants and refuses alike.
  std::string replay() const;
  size_t size() const { return entries_.size(); }
  size_t retries() const { return retries_; }

 private:
  struct Entry {
    exchange::Traced traced;
    std::string text;     // failure.transport_text
    exchange::Plan plan;  // kHead
    retry::Policy policy; // kHead
    retry::Faults faults; // kHead
    size_t hosts = 0;     // that the cluster had
    uint32_t max_retries = 0;
    exchange::Ledger ledger; // kDone
  };
  struct Fresh {
    exchange::Plan plan;
    retry::Policy policy;
    retry::Faults faults;
    exchange::Machine machine;
    exchange::Ledger ledger;
    std::vector<cluster::HostRef> hosts{}; // of its attempts, as these hold them
  };
  static void add(void* self, const exchange::Traced& traced);
  static std::string difference(const Entry& entry, exchange::Step step, const Fresh& fresh);

  std::deque<Entry> entries_;
  size_t retries_ = 0;
};

} // namespace kgw::test
