#include "gateway/keeper.h"

#include <algorithm>

namespace kgw::gateway {

struct Keeper::Kept {
  Kept(upstream::Context& worker, std::shared_ptr<cluster::Runtime> cluster)
      : context(worker), runtime(std::move(cluster)),
        tick([](void* self, Instant now) { static_cast<Kept*>(self)->on_tick(now); }, this) {}

  void configure(const cluster::Policy& policy, const upstream::ClusterConfig& config);
  void follow(const cluster::EndpointSet& endpoints);
  void on_tick(Instant now);
  void arm(Instant now);

  upstream::Context& context;
  std::shared_ptr<cluster::Runtime> runtime;
  cluster::EndpointSet endpoints;
  std::optional<cluster::OutlierDetection> rules;
  std::optional<cluster::OutlierDetector> outlier;
  std::optional<upstream::HealthCheck> checks;
  base::Timer tick;
};

void Keeper::Kept::configure(const cluster::Policy& policy, const upstream::ClusterConfig& config) {
  if (policy.outlier != rules) {
    rules = policy.outlier;
    tick.disarm();
    outlier.reset();
    if (rules) {
      outlier.emplace(*runtime, runtime->slot(0).stats);
      outlier->configure(*rules);
      outlier->follow(endpoints);
      arm(context.loop.now());
    }
  }
  if (!policy.health) {
    checks.reset();
    return;
  }
  if (!checks) {
    auto passed = [](void* self, cluster::Health& health, Instant now) {
      auto& kept = *static_cast<Kept*>(self);
      if (kept.outlier) kept.outlier->passed_check(health, now);
    };
    checks.emplace(context, *runtime, passed, this);
  }
  checks->configure(*policy.health, config);
  checks->follow(endpoints);
}

void Keeper::Kept::follow(const cluster::EndpointSet& now) {
  endpoints = now;
  if (outlier) outlier->follow(endpoints);
  if (checks) checks->follow(endpoints);
}

void Keeper::Kept::on_tick(Instant now) {
  outlier->tick(now);
  arm(now);
}

void Keeper::Kept::arm(Instant now) {
  context.loop.wheel().arm(tick, now + std::max<Duration>(rules->interval, std::chrono::milliseconds(1)));
}

Keeper::Keeper(upstream::Context& context) : context_(context) {}

Keeper::~Keeper() = default;

void Keeper::keep(const std::shared_ptr<cluster::Runtime>& runtime, const cluster::Policy& policy,
                  const upstream::ClusterConfig& config, const cluster::EndpointSet* endpoints) {
  if (!policy.outlier && !policy.health) return forget(runtime.get());
  auto& kept = kept_[runtime.get()];
  if (kept == nullptr) kept = std::make_unique<Kept>(context_, runtime);
  if (endpoints != nullptr) kept->follow(*endpoints);
  kept->configure(policy, config);
}

void Keeper::set_endpoints(const cluster::Runtime* runtime, const cluster::EndpointSet& endpoints) {
  auto found = kept_.find(runtime);
  if (found != kept_.end()) found->second->follow(endpoints);
}

void Keeper::forget(const cluster::Runtime* runtime) { kept_.erase(runtime); }

void Keeper::alarm(const cluster::Runtime* runtime, cluster::Health& health, cluster::Alarm alarm, Instant now) {
  auto found = kept_.find(runtime);
  if (found == kept_.end()) return;
  if (alarm == cluster::Alarm::kAskedOut) {
    if (found->second->checks) found->second->checks->asked_out(health);
  } else if (found->second->outlier) {
    found->second->outlier->suspect(health, alarm, now);
  }
}

} // namespace kgw::gateway
