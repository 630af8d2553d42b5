#include "config/translate_backend_policies.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/rules.h"

namespace kgw::config {
namespace {

template <typename T> bool take(std::optional<T>& into, const std::optional<T>& from) {
  if (into || !from) return false;
  into = from;
  return true;
}

// Fills in what `into` lacks; whether that was anything.
bool take_options(BackendOptions& into, const BackendOptions& from) {
  bool gave = take(into.connect_timeout, from.connect_timeout);
  gave |= take(into.max_connections, from.max_connections);
  gave |= take(into.max_pending_requests, from.max_pending_requests);
  gave |= take(into.max_requests, from.max_requests);
  gave |= take(into.health, from.health);
  gave |= take(into.balancer, from.balancer);
  return gave;
}

bool says_nothing(const BackendOptions& options) {
  BackendOptions none;
  return !take_options(none, options) && !options.max_retries && !options.outlier;
}

void set(int64_t& setting, const std::optional<int64_t>& value) { setting = value.value_or(setting); }

} // namespace

BackendPolicies::BackendPolicies(const Inventory& inventory, Warnings& warnings)
    : inventory_(inventory), configs_(inventory, warnings, {Kind::kService, Kind::kBackend}),
      traffic_(inventory, warnings, {Kind::kService, Kind::kBackend, Kind::kGlooUpstream, Kind::kKgatewayUpstream}) {
  for (const StoredObject* policy : inventory.backend_configs()) {
    configs_.add(*policy, payload<BackendConfigPolicy>(*policy).targets);
  }
  for (const StoredObject* policy : inventory.backend_traffic()) {
    traffic_.add(*policy, payload<BackendTrafficPolicy>(*policy).targets);
  }
  settle_configs();
  settle_budgets();
  advise(warnings);
}

void BackendPolicies::settle_configs() {
  for (const auto& [place, policies] : configs_.by_object()) {
    Settled& settled = settled_[place.first];
    for (const StoredObject* policy : policies) {
      const auto& options = payload<BackendConfigPolicy>(*policy);
      bool gave = take_options(settled.options, options);
      if (take(settled.options.max_retries, options.max_retries)) {
        settled.max_retries_by = policy;
        gave = true;
      }
      if (take(settled.options.outlier, options.outlier)) {
        settled.outlier_by = policy;
        gave = true;
      }
      PolicyUse& use = configs_.use(*policy, ancestor_of(place.first));
      use.asked = true;
      use.effective = gave || says_nothing(options);
      use.merged = policies.size() > 1;
    }
  }
}

void BackendPolicies::settle_budgets() {
  for (const auto& [place, policies] : traffic_.by_object()) {
    Settled& settled = settled_[place.first];
    for (const StoredObject* policy : policies) {
      const auto& budget = payload<BackendTrafficPolicy>(*policy).retry_budget;
      bool gave = take(settled.budget, budget);
      if (gave) settled.budget_by = policy;
      PolicyUse& use = traffic_.use(*policy, ancestor_of(place.first));
      use.asked = true;
      use.effective = gave || !budget;
    }
  }
}

void BackendPolicies::advise(Warnings& warnings) const {
  for (const auto& [id, settled] : settled_) {
    if (settled.max_retries_by == nullptr || settled.budget_by == nullptr) continue;
    const Spot& spot = payload<BackendConfigPolicy>(*settled.max_retries_by).max_retries_at;
    warnings.add(
        settled.max_retries_by->object, spot.at, spot.path, ProblemClass::kAdvice,
        fmt::format("has no effect: the retry budget of {} takes its place", settled.budget_by->object.id.text()));
  }
}

void BackendPolicies::apply(const StoredObject& backend, snapshot::ClusterSpec& cluster) const {
  auto found = settled_.find(backend.object.id);
  if (found == settled_.end()) return;
  const BackendOptions& options = found->second.options;
  if (options.connect_timeout) cluster.settings.connect_timeout_ms = base::to_ms(*options.connect_timeout);
  set(cluster.settings.max_connections, options.max_connections);
  set(cluster.settings.max_pending_requests, options.max_pending_requests);
  set(cluster.settings.max_requests, options.max_requests);
  set(cluster.settings.max_retries, options.max_retries);
  if (options.balancer) {
    cluster.policy.balance = options.balancer->balance;
    cluster.policy.choices = options.balancer->choices;
  }
  cluster.policy.outlier = options.outlier;
  cluster.policy.health = options.health;
  cluster.policy.retry_budget = found->second.budget;
}

// Where endpoints are names, how many there are shows only when they have been resolved.
void BackendPolicies::advise_ejection(const StoredObject& backend, const snapshot::ClusterSpec& cluster,
                                      Warnings& warnings) const {
  const auto& outlier = cluster.policy.outlier;
  size_t count = cluster.endpoints.size();
  if (!outlier || outlier->consecutive_5xx == 0 || count == 0 || outlier->max_ejection_percent * count >= 100) return;
  if (!std::ranges::all_of(cluster.endpoints, is_ip, &snapshot::EndpointSpec::host)) return;
  const Settled& settled = settled_.at(backend.object.id);
  const Spot& spot = payload<BackendConfigPolicy>(*settled.outlier_by).max_ejection_at;
  warnings.add(
      settled.outlier_by->object, spot.at, spot.path, ProblemClass::kAdvice,
      fmt::format(
          "ejects none of the {} of {}: one of them is more than {} percent, as in Envoy; {} percent are enough",
          count == 1 ? "1 endpoint" : fmt::format("{} endpoints", count), backend.object.id.text(),
          outlier->max_ejection_percent, (100 + count - 1) / count));
}

void BackendPolicies::add_statuses(std::vector<ReferenceStatuses>& out) const {
  add_policy_statuses(inventory_.backend_configs(), configs_, out);
  add_direct_statuses(inventory_.backend_traffic(), traffic_, out);
}

} // namespace kgw::config
