#pragma once
// What governs a backend: of each field of the BackendConfigPolicies the oldest that has it, and the oldest
// XBackendTrafficPolicy with a retry budget.

#include <map>
#include <vector>

#include "config/translate_targets.h"

namespace kgw::config {

class BackendPolicies {
 public:
  BackendPolicies(const Inventory& inventory, Warnings& warnings);

  // Over what the cluster has from annotations.
  void apply(const StoredObject& backend, snapshot::ClusterSpec& cluster) const;
  // When `cluster` has its endpoints.
  void advise_ejection(const StoredObject& backend, const snapshot::ClusterSpec& cluster, Warnings& warnings) const;
  void add_statuses(std::vector<ReferenceStatuses>& out) const;

 private:
  // What all policies of one backend come to.
  struct Settled {
    BackendOptions options;
    std::optional<cluster::RetryRateBudget> budget;
    const StoredObject *max_retries_by = nullptr, *outlier_by = nullptr, *budget_by = nullptr;
  };
  void settle_configs();
  void settle_budgets();
  void advise(Warnings& warnings) const;

  const Inventory& inventory_;
  PolicyTargets configs_, traffic_;
  std::map<Identity, Settled> settled_;
};

} // namespace kgw::config
