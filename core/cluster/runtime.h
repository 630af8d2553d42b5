#pragma once
// What a cluster remembers beyond any snapshot. One Runtime per cluster identity, shared by all workers.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/counter.h"
#include "cluster/endpoint.h"
#include "cluster/policy.h"
#include "cluster/retry_rate.h"
#include "cluster/status_counts.h"

namespace kgw::cluster {

struct Limits {
  uint32_t max_connections = 1024, max_pending_requests = 1024, max_requests = 1024, max_retries = 3;
  // A retry budget: replaces max_retries as soon as one of the two is set; the other one is then Envoy's default.
  int32_t budget_percent = -1; // of the requests in flight; -1: not set
  int32_t budget_min = -1;     // retries that are always allowed; -1: not set
};

struct Stats {
#define KGW_CLUSTER_STAT(name, kind, meaning) base::Counter name;
#include "cluster/stats.def"
#undef KGW_CLUSTER_STAT
};

struct StatRow {
  std::string_view name;
  bool gauge;
  base::Counter Stats::* member;
};
const std::vector<StatRow>& stat_rows();

// Shared. Limits, policy, endpoints and the dead mark are written by the control thread; retry slots by any worker, and
// only when a retry is decided; health by the worker that keeps it; each worker writes its own padded Slot alone.
class Runtime {
 public:
  Runtime(std::string name, unsigned workers);

  const std::string& name() const { return name_; }
  void set_limits(const Limits& limits);
  void kill() { dead_.store(true, std::memory_order_release); }
  void revive() { dead_.store(false, std::memory_order_release); }
  bool dead() const { return dead_.load(std::memory_order_acquire); }

  // ---- control thread
  // Before any worker's View has it.
  void set_policy(const Policy& policy);
  const Policy& policy() const { return policy_; }
  // Makes `endpoints` the current set. Those that were in the one before keep their health; a new one has to pass its
  // first active check, if there are checks.
  std::shared_ptr<const EndpointSet> admit(EndpointSet endpoints);
  const EndpointSet& endpoints() const { return *endpoints_; }
  uint64_t membership_changes() const { return membership_changes_; }

  // ---- health. A View looks at its hosts' flags again when the version has changed
  uint64_t health_version() const { return health_version_.load(std::memory_order_acquire); }
  void health_changed() { health_version_.fetch_add(1, std::memory_order_release); }

  struct alignas(base::kCacheLineBytes) Slot {
    Stats stats;
    StatusCounts statuses;         // responses and local replies that were an attempt's last word, and 1xx
    StatusCounts retried_statuses; // responses that were dropped for a retry
  };
  Slot& slot(unsigned worker) { return *slots_[worker]; }
  unsigned workers() const { return static_cast<unsigned>(slots_.size()); }
  uint64_t sum(base::Counter Stats::* member) const;
  uint64_t sum(StatusCounts Slot::* counts, unsigned status) const;

  uint32_t max_connections() const { return max_connections_.load(std::memory_order_relaxed); }
  uint32_t max_pending_requests() const { return max_pending_requests_.load(std::memory_order_relaxed); }
  uint32_t max_requests() const { return max_requests_.load(std::memory_order_relaxed); }
  // How many retries may be in flight: the breaker's number, or what the budget comes to now. `ended`: requests that
  // are over and count all the same, because their retry is asked for.
  uint32_t max_retries(unsigned ended = 0) const;

  bool take_retry_slot(unsigned ended = 0);
  // Under a budget that counts what was started lately; any number may then be in flight.
  bool take_retry_slot(const RetryRateBudget& budget, unsigned worker, Instant now);
  RetryRate& retry_rate() { return *retry_rate_; } // while the policy has such a budget
  void give_retry_slot() { retries_.fetch_sub(1, std::memory_order_relaxed); }
  uint32_t retries_in_flight() const { return retries_.load(std::memory_order_relaxed); }

 private:
  std::string name_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::atomic<uint32_t> max_connections_{1024}, max_pending_requests_{1024}, max_requests_{1024}, max_retries_{3};
  std::atomic<int32_t> budget_percent_{-1}, budget_min_{-1};
  std::atomic<bool> dead_{false};
  std::atomic<uint64_t> health_version_{0};
  std::unique_ptr<RetryRate> retry_rate_;
  Policy policy_;
  std::shared_ptr<const EndpointSet> endpoints_ = std::make_shared<EndpointSet>();
  uint64_t membership_changes_ = 0;
  alignas(base::kCacheLineBytes) std::atomic<uint32_t> retries_{0};
};

} // namespace kgw::cluster
