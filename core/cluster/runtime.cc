#include "cluster/runtime.h"

#include <algorithm>

namespace kgw::cluster {

const std::vector<StatRow>& stat_rows() {
  enum : bool { counter = false, gauge = true };
  static const std::vector<StatRow> rows = {
#define KGW_CLUSTER_STAT(name, kind, meaning) {#name, kind, &Stats::name},
#include "cluster/stats.def"
#undef KGW_CLUSTER_STAT
  };
  return rows;
}

Runtime::Runtime(std::string name, unsigned workers) : name_(std::move(name)) {
  for (unsigned i = 0; i < workers; ++i) slots_.push_back(std::make_unique<Slot>());
}

void Runtime::set_limits(const Limits& limits) {
  max_connections_.store(limits.max_connections, std::memory_order_relaxed);
  max_pending_requests_.store(limits.max_pending_requests, std::memory_order_relaxed);
  max_requests_.store(limits.max_requests, std::memory_order_relaxed);
  max_retries_.store(limits.max_retries, std::memory_order_relaxed);
  budget_percent_.store(limits.budget_percent, std::memory_order_relaxed);
  budget_min_.store(limits.budget_min, std::memory_order_relaxed);
}

void Runtime::set_policy(const Policy& policy) {
  policy_ = policy;
  if (policy.retry_budget && retry_rate_ == nullptr) retry_rate_ = std::make_unique<RetryRate>(workers());
}

std::shared_ptr<const EndpointSet> Runtime::admit(EndpointSet endpoints) {
  size_t stayed = 0;
  for (Endpoint& endpoint : endpoints) {
    auto known = std::find_if(endpoints_->begin(), endpoints_->end(),
                              [&](const Endpoint& old) { return old.same_place(endpoint); });
    if (known != endpoints_->end()) {
      endpoint.health = known->health;
      ++stayed;
    } else if (policy_.health) {
      endpoint.health->set(Health::kFailedCheck);
    }
  }
  if (stayed != endpoints.size() || stayed != endpoints_->size()) ++membership_changes_;
  endpoints_ = std::make_shared<const EndpointSet>(std::move(endpoints));
  return endpoints_;
}

uint32_t Runtime::max_retries(unsigned ended) const {
  int32_t percent = budget_percent_.load(std::memory_order_relaxed),
          least = budget_min_.load(std::memory_order_relaxed);
  if (percent < 0 && least < 0) return max_retries_.load(std::memory_order_relaxed);
  constexpr int32_t kDefaultPercent = 20, kDefaultMin = 3;
  uint64_t in_flight = sum(&Stats::upstream_rq_active) + sum(&Stats::upstream_rq_pending_active) + ended;
  uint64_t share = in_flight * static_cast<uint64_t>(percent < 0 ? kDefaultPercent : percent) / 100;
  return static_cast<uint32_t>(std::max<uint64_t>(share, static_cast<uint64_t>(least < 0 ? kDefaultMin : least)));
}

uint64_t Runtime::sum(base::Counter Stats::* member) const {
  uint64_t total = 0;
  for (const auto& slot : slots_) total += (slot->stats.*member).value();
  return total;
}

uint64_t Runtime::sum(StatusCounts Slot::* counts, unsigned status) const {
  uint64_t total = 0;
  for (const auto& slot : slots_) total += (slot.get()->*counts).value(status);
  return total;
}

bool Runtime::take_retry_slot(unsigned ended) {
  uint32_t current = retries_.load(std::memory_order_relaxed);
  do {
    if (current >= max_retries(ended)) return false;
  } while (!retries_.compare_exchange_weak(current, current + 1, std::memory_order_relaxed));
  return true;
}

bool Runtime::take_retry_slot(const RetryRateBudget& budget, unsigned worker, Instant now) {
  if (!retry_rate_->take(worker, budget, now)) return false;
  retries_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

} // namespace kgw::cluster
