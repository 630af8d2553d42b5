#pragma once
// The gateway's clusters by identity. Control thread only. A Runtime lives as long as a snapshot, a view or an exchange
// uses it.

#include <map>
#include <memory>
#include <string>

#include "cluster/runtime.h"

namespace kgw::cluster {

class Registry {
 public:
  explicit Registry(unsigned workers) : workers_(workers) {}

  // The Runtime of an identity; made on first use, revived when its cluster comes back. `name` is for statistics.
  std::shared_ptr<Runtime> find_or_make(const std::string& identity, const std::string& name) {
    auto& entry = runtimes_[identity];
    if (!entry) entry = std::make_shared<Runtime>(name, workers_);
    entry->revive();
    return entry;
  }
  // Marks the Runtime of a removed cluster dead and forgets it: the next attempt of a running exchange finds no host.
  void forget(const std::string& identity) {
    auto it = runtimes_.find(identity);
    if (it == runtimes_.end()) return;
    it->second->kill();
    runtimes_.erase(it);
  }
  const std::map<std::string, std::shared_ptr<Runtime>>& all() const { return runtimes_; }
  unsigned workers() const { return workers_; }

 private:
  unsigned workers_;
  std::map<std::string, std::shared_ptr<Runtime>> runtimes_;
};

} // namespace kgw::cluster
