#pragma once
// Where clusters live right now: numeric addresses as they stand, host names by DNS, resolved again when their answer is old.
// Control thread only.

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
  using Publish = std::function<void(const std::shared_ptr<cluster::Runtime>&, std::shared_ptr<const cluster::EndpointSet>)>;

  // `publish` is called when a cluster's set changed after track() (a DNS answer).
  Discovery(net::Loop& loop, net::Resolver* resolver, uint64_t seed, base::Log& log, Publish publish);
  ~Discovery();

  // Follows exactly the clusters of `snapshot` from now on. Returns their sets as known now, in its order.
  std::vector<std::shared_ptr<const cluster::EndpointSet>> track(const snapshot::Snapshot& snapshot);
  // Names that have had no answer yet, good or bad.
  size_t unanswered() const;

 private:
  struct Name;
  struct Tracked;
  Name& name(const std::string& host);
  void resolve(Name& name);
  void answered(Name& name, net::Resolution resolution);
  std::shared_ptr<const cluster::EndpointSet> build(const snapshot::Cluster& cluster);

  net::Loop& loop_;
  net::Resolver* resolver_;
  base::Random random_;
  base::Log& log_;
  Publish publish_;
  std::map<std::string, std::unique_ptr<Name>> names_;
  std::map<std::string, std::unique_ptr<Tracked>> tracked_;  // by cluster identity
};

} // namespace kgw::gateway
