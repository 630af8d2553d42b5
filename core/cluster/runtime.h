#pragma once
// What a cluster remembers beyond any snapshot. One Runtime per cluster identity, shared by all workers; one View per worker
// and Runtime, used by that worker alone.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/counter.h"
#include "base/intrusive_list.h"
#include "cluster/endpoint.h"

namespace kgw::cluster {

struct Limits {
  uint32_t max_connections = 1024, max_pending_requests = 1024, max_requests = 1024, max_retries = 3;
  // A retry budget: replaces max_retries as soon as one of the two is set; the other one is then Envoy's default.
  int32_t budget_percent = -1;  // of the requests in flight; -1: not set
  int32_t budget_min = -1;      // retries that are always allowed; -1: not set
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

// Shared. Limits and the dead mark are written by the control thread; retry slots by any worker, and only when a retry is
// decided; each worker writes its own padded Slot alone.
class Runtime {
 public:
  Runtime(std::string name, unsigned workers);

  const std::string& name() const { return name_; }
  void set_limits(const Limits& limits);
  void kill() { dead_.store(true, std::memory_order_release); }
  void revive() { dead_.store(false, std::memory_order_release); }
  bool dead() const { return dead_.load(std::memory_order_acquire); }

  struct alignas(base::kCacheLineBytes) Slot {
    Stats stats;
  };
  Slot& slot(unsigned worker) { return *slots_[worker]; }
  unsigned workers() const { return static_cast<unsigned>(slots_.size()); }
  uint64_t sum(base::Counter Stats::* member) const;

  uint32_t max_connections() const { return max_connections_.load(std::memory_order_relaxed); }
  uint32_t max_pending_requests() const { return max_pending_requests_.load(std::memory_order_relaxed); }
  uint32_t max_requests() const { return max_requests_.load(std::memory_order_relaxed); }
  // How many retries may be in flight: the breaker's number, or what the budget comes to now. `ended`: requests that are over
  // and count all the same, because their retry is asked for.
  uint32_t max_retries(unsigned ended = 0) const;

  bool take_retry_slot(unsigned ended = 0);
  void give_retry_slot() { retries_.fetch_sub(1, std::memory_order_relaxed); }
  uint32_t retries_in_flight() const { return retries_.load(std::memory_order_relaxed); }

 private:
  std::string name_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::atomic<uint32_t> max_connections_{1024}, max_pending_requests_{1024}, max_requests_{1024}, max_retries_{3};
  std::atomic<int32_t> budget_percent_{-1}, budget_min_{-1};
  std::atomic<bool> dead_{false};
  alignas(base::kCacheLineBytes) std::atomic<uint32_t> retries_{0};
};

// Holds at most one retry slot of a cluster; never copied while it holds.
class RetrySlot {
 public:
  bool take(Runtime& runtime, unsigned ended = 0) {
    if (!runtime.take_retry_slot(ended)) return false;
    runtime_ = &runtime;
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

// One endpoint as a worker sees it. Counted without atomics: the View holds one reference while the endpoint is in its set,
// each attempt one while it uses it.
struct Host {
  Endpoint endpoint;
  uint32_t references = 1;
  bool in_set = true;
  void* pool = nullptr;                       // upstream's, per host
  void (*retire)(Host&) = nullptr;            // called once, when the host left the set: its pool closes what is idle
};

class HostRef {
 public:
  HostRef() = default;
  explicit HostRef(Host* host) : host_(host) {
    if (host_ != nullptr) ++host_->references;
  }
  HostRef(const HostRef& other) : HostRef(other.host_) {}
  HostRef(HostRef&& other) noexcept : host_(other.host_) { other.host_ = nullptr; }
  HostRef& operator=(HostRef other) noexcept {
    std::swap(host_, other.host_);
    return *this;
  }
  ~HostRef() { reset(); }
  void reset();
  Host* get() const { return host_; }
  Host* operator->() const { return host_; }
  explicit operator bool() const { return host_ != nullptr; }

 private:
  Host* host_ = nullptr;
};

class View {
 public:
  View(std::shared_ptr<Runtime> runtime, unsigned worker);
  ~View();
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  Runtime& runtime() { return *runtime_; }
  Stats& stats() { return stats_; }

  // Takes a new set: hosts that stay keep their state, hosts that left are retired.
  void update(const EndpointSet& endpoints);
  size_t host_count() const { return hosts_.size(); }
  const std::vector<Host*>& hosts() const { return hosts_; }

  // Round robin over the newest set; null when it is empty or the cluster is gone.
  Host* pick();

  // Breakers: own count first; the others' counts only when this worker's share is used up. Exact for one worker, an
  // overshoot below one limit for more.
  bool may_connect() const { return below(&Stats::upstream_cx_active, runtime_->max_connections()); }
  bool may_wait() const { return below(&Stats::upstream_rq_pending_active, runtime_->max_pending_requests()); }
  bool may_request() const { return below(&Stats::upstream_rq_active, runtime_->max_requests()); }

 private:
  bool below(base::Counter Stats::* member, uint32_t limit) const {
    return (stats_.*member).value() < limit / runtime_->workers() || runtime_->sum(member) < limit;
  }
  std::shared_ptr<Runtime> runtime_;
  Stats& stats_;
  std::vector<Host*> hosts_;
  size_t next_ = 0;
};

} // namespace kgw::cluster
