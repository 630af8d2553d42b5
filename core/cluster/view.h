#pragma once
// A cluster as one worker sees it: its hosts, whose turn it is, what its breakers allow. Used by that worker alone.

#include <cstdint>
#include <memory>
#include <vector>

#include "cluster/balancer.h"
#include "cluster/host.h"
#include "cluster/runtime.h"

namespace kgw::cluster {

struct Pick {
  Host* host = nullptr; // null: there is none
  bool only = false;    // there was no other
  bool panic = false;   // too few hosts are healthy, so all are used
};

// How an attempt went.
struct Outcome {
  // What a host's statistics make of it. kNothing: this attempt has been counted there before, or will be.
  enum class Tally : uint8_t { kResponse, kFailure, kTimeout, kNothing };
  Tally tally = Tally::kResponse;
  uint16_t status = 0;    // of the response; 503 and what a timeout answers for failures on our side
  bool asked_out = false; // x-envoy-immediate-health-check-fail came with it
};

class View {
 public:
  View(std::shared_ptr<Runtime> runtime, unsigned worker);
  ~View();
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  Runtime& runtime() { return *runtime_; }
  Stats& stats() { return slot_.stats; }
  StatusCounts& statuses() { return slot_.statuses; }
  StatusCounts& retried_statuses() { return slot_.retried_statuses; }

  // The Runtime has had the same one.
  void configure(const Policy& policy);
  // Takes a new set: hosts that stay keep their state, hosts that left are retired.
  void update(const EndpointSet& endpoints);
  size_t host_count() const { return hosts_.size(); }
  const std::vector<Host*>& hosts() const { return hosts_; }

  // Among which pick() chooses.
  const std::vector<Host*>& in_use() const { return balancer_.hosts(); }
  // One of the newest set's healthy hosts; of all, when fewer than half are healthy (Envoy's panic threshold).
  Pick pick(base::Random& random);
  // What became of an attempt at `host`; told once per attempt, or twice when it broke behind its response's head.
  void report(Host& host, const Outcome& outcome, Instant now);
  // Who keeps the cluster's health, and is told when `report` sees something; set before the first one.
  using Tell = void (*)(void* context, const std::shared_ptr<Runtime>& runtime, const std::shared_ptr<Health>& health,
                        Alarm alarm, Instant now);
  void on_alarm(Tell tell, void* context) {
    tell_ = tell;
    tell_context_ = context;
  }

  // Breakers: own count first; the others' counts only when this worker's share is used up. Exact for one worker, an
  // overshoot below one limit for more.
  bool may_connect() const { return below(&Stats::upstream_cx_active, runtime_->max_connections()); }
  bool may_wait() const { return below(&Stats::upstream_rq_pending_active, runtime_->max_pending_requests()); }
  bool may_request() const { return below(&Stats::upstream_rq_active, runtime_->max_requests()); }

  // Budgets. `ended` as Runtime::max_retries.
  void request_started(Instant now) {
    if (policy_.retry_budget) [[unlikely]]
      runtime_->retry_rate().request_started(worker_, *policy_.retry_budget, now);
  }
  bool take_retry_slot(Instant now, unsigned ended = 0) {
    if (!policy_.retry_budget) return runtime_->take_retry_slot(ended);
    return runtime_->take_retry_slot(*policy_.retry_budget, worker_, now);
  }

 private:
  bool below(base::Counter Stats::* member, uint32_t limit) const {
    return (slot_.stats.*member).value() < limit / runtime_->workers() || runtime_->sum(member) < limit;
  }
  void look_at_health();

  std::shared_ptr<Runtime> runtime_;
  unsigned worker_;
  Runtime::Slot& slot_;
  Policy policy_;
  std::vector<Host*> hosts_, healthy_;
  Balancer balancer_; // among the healthy ones, or all
  uint64_t seen_ = 0; // Runtime's health_version() that this is about
  bool panic_ = true; // nobody is there yet
  Tell tell_ = nullptr;
  void* tell_context_ = nullptr;
};

// Holds at most one retry slot of a cluster; never copied while it holds.
class RetrySlot {
 public:
  bool take(View& view, Instant now, unsigned ended = 0) {
    if (!view.take_retry_slot(now, ended)) return false;
    runtime_ = &view.runtime();
    return true;
  }
  void release() {
    if (runtime_ == nullptr) return;
    runtime_->give_retry_slot();
    runtime_ = nullptr;
  }
  bool held() const { return runtime_ != nullptr; }

 private:
  Runtime* runtime_ = nullptr;
};

} // namespace kgw::cluster
