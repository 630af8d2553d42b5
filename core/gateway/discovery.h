#pragma once
// Where clusters live right now: numeric addresses as they stand, host names by DNS, resolved again when their answer
// is old. Control thread only.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "snapshot/snapshot.h"

namespace kgw::gateway {

class Discovery {
 public:
  using Publish =
      std::function<void(const std::shared_ptr<cluster::Runtime>&, std::shared_ptr<const cluster::EndpointSet>)>;

  // At most `most_names` host names are resolved at a time; one beyond them has no address until others go. `publish`
  // is called when a cluster's set changed after track() (a DNS answer).
  Discovery(net::Loop& loop, net::Resolver* resolver, uint64_t seed, size_t most_names, base::Log& log,
            Publish publish);
  ~Discovery();

  // Follows exactly the clusters of `snapshot` from now on. Returns their sets as known now, in its order.
  std::vector<std::shared_ptr<const cluster::EndpointSet>> track(const snapshot::Snapshot& snapshot);
  // Names that have had no answer yet, good or bad.
  size_t unanswered() const;
  // Names that found no room, each time one was asked for. Any thread.
  uint64_t overflowed() const { return overflowed_.load(std::memory_order_relaxed); }

 private:
  struct Name;
  struct Tracked;
  const std::vector<net::Address>& addresses_of(const std::string& host);
  void resolve(Name& name);
  void answered(Name& name, net::Resolution resolution);
  std::shared_ptr<const cluster::EndpointSet> build(const snapshot::Cluster& cluster);

  net::Loop& loop_;
  net::Resolver* resolver_;
  base::Random random_;
  size_t most_names_;
  std::atomic<uint64_t> overflowed_ = 0;
  base::Log& log_;
  Publish publish_;
  std::map<std::string, std::unique_ptr<Name>> names_;
  std::map<std::string, std::unique_ptr<Tracked>> tracked_; // by cluster identity
};

} // namespace kgw::gateway
