// The compiled route table in words: what each row does, and how long that may take.

#include <algorithm>

#include "config/time_budget.h"
#include "src/controller.h"

namespace kgw::capi {
namespace {

std::string target_of(const snapshot::Snapshot& snapshot, const snapshot::Action& action) {
  if (action.kind == snapshot::ActionKind::kDirect) return "direct " + std::to_string(action.status);
  if (action.kind == snapshot::ActionKind::kError) return "error " + std::to_string(action.status);
  std::string target;
  uint32_t before = 0;
  for (const snapshot::Backend& backend : action.backends) {
    if (!target.empty()) target += ", ";
    target += backend.cluster < 0 ? "error 500" : snapshot.clusters[static_cast<size_t>(backend.cluster)].spec.name;
    if (action.backends.size() > 1) {
      target += " " + std::to_string(backend.upto - before) + "/" + std::to_string(action.total_weight);
    }
    before = backend.upto;
  }
  return target.empty() ? "error 500" : target;
}

// What bounds the retries of a cluster over all its requests.
std::string retry_limit(const snapshot::ClusterSpec& cluster) {
  const int64_t percent =
      cluster.policy.retry_budget ? cluster.policy.retry_budget->percent : cluster.settings.retry_budget_percent;
  if (percent >= 0) return "retries for " + std::to_string(percent) + "% of requests";
  return std::to_string(cluster.settings.max_retries) + " retries at once";
}

std::string budget_of(const snapshot::Snapshot& snapshot, const snapshot::Action& action) {
  if (action.kind != snapshot::ActionKind::kForward) return "";
  config::TimeBudget budget = config::time_budget(action.retry, action.global, action.per_try);
  std::string text = config::print_budget(budget);
  if (budget.tries == 1) return text;
  std::vector<std::string> limits;
  for (const snapshot::Backend& backend : action.backends) {
    if (backend.cluster < 0) continue;
    std::string limit = retry_limit(snapshot.clusters[static_cast<size_t>(backend.cluster)].spec);
    if (std::ranges::find(limits, limit) == limits.end()) limits.push_back(std::move(limit));
  }
  for (const std::string& limit : limits) text += (&limit == limits.data() ? ", " : " or ") + limit;
  return text;
}

} // namespace

std::vector<RouteView> Controller::routes_now() const {
  std::vector<RouteView> views;
  auto snapshot = gateway_->snapshot();
  if (snapshot == nullptr) return views;
  for (const snapshot::Socket& socket : snapshot->sockets) {
    for (route::Row& row : socket.table->rows()) {
      const snapshot::Action& action = snapshot->actions[row.action];
      std::string target = target_of(*snapshot, action), budget = budget_of(*snapshot, action);
      views.push_back({std::move(row), std::move(target), std::move(budget)});
    }
  }
  return views;
}

} // namespace kgw::capi
