#pragma once
// The health of every cluster, kept by the first worker for all: it decides who is ejected, ends ejections, runs the
// active checks. The other workers tell it what they see, and see its verdicts in the endpoints' flags.

#include <map>
#include <memory>
#include <optional>

#include "cluster/outlier.h"
#include "upstream/health_check.h"

namespace kgw::gateway {

class Keeper {
 public:
  explicit Keeper(upstream::Context& context);
  ~Keeper();

  // The cluster has this policy from now on. `endpoints` is null: those it had.
  void keep(const std::shared_ptr<cluster::Runtime>& runtime, const cluster::Policy& policy,
            const upstream::ClusterConfig& config, const cluster::EndpointSet* endpoints);
  void set_endpoints(const cluster::Runtime* runtime, const cluster::EndpointSet& endpoints);
  void forget(const cluster::Runtime* runtime);
  // Nothing happens when the endpoint, or the cluster, has left meanwhile.
  void alarm(const cluster::Runtime* runtime, cluster::Health& health, cluster::Alarm alarm, Instant now);

 private:
  struct Kept;
  upstream::Context& context_;
  std::map<const cluster::Runtime*, std::unique_ptr<Kept>> kept_; // those with outlier detection or active checks
};

} // namespace kgw::gateway
