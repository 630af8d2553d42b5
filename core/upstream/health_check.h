#pragma once
// Active health checks of one cluster, over HTTP or gRPC, as Envoy's: asks every endpoint over connections of its own,
// which count in none of the cluster's breakers and statistics of connections, and writes what comes of it into the
// endpoint's Health.

#include <map>
#include <memory>
#include <optional>

#include "base/arena.h"
#include "cluster/check_verdict.h"
#include "cluster/runtime.h"
#include "upstream/pool.h"

namespace kgw::upstream {

class HealthCheck {
 public:
  // Told after each check that an endpoint passed while it is in use.
  using Passed = void (*)(void* context, cluster::Health& health, Instant now);

  // On the first worker, whose counters of the cluster it writes. `runtime` outlives it.
  HealthCheck(Context& context, cluster::Runtime& runtime, Passed passed, void* passed_context);
  ~HealthCheck(); // no check passes any more, so all count as healthy again
  HealthCheck(const HealthCheck&) = delete;
  HealthCheck& operator=(const HealthCheck&) = delete;

  // First of all. Other rules begin anew, with a first check that decides alone; what was known of the endpoints stays
  // until then.
  void configure(const cluster::HealthCheck& rules, const ClusterConfig& config);
  // Asks exactly these from now on. One that is new is asked at once.
  void follow(const cluster::EndpointSet& endpoints);
  // A response to a request said x-envoy-immediate-health-check-fail.
  void asked_out(cluster::Health& health);

 private:
  class Probe;
  Duration wait() const;
  void begin();
  void conclude(Probe& probe, cluster::CheckResult result, Instant now);
  cluster::Stats& stats() { return runtime_.slot(0).stats; }

  Context& context_;
  cluster::Runtime& runtime_;
  Passed passed_;
  void* passed_context_;
  std::optional<cluster::HealthCheck> rules_;
  base::Arena arena_; // the request's
  http::Head request_;
  std::string message_; // gRPC: what stands behind it
  ClusterPools* pools_; // retained; of a cluster of their own
  std::map<const cluster::Host*, std::unique_ptr<Probe>> probes_;
};

} // namespace kgw::upstream
