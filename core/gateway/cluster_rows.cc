#include "gateway/cluster_rows.h"

#include <algorithm>

namespace kgw::gateway {
namespace {

using cluster::Health;

// Envoy's names: upstream_rq_503 and upstream_rq_5xx, beside them retry.upstream_rq_503 for what a retry took the place
// of. A class is there from the start, a status once it has been seen.
void add_statuses(const cluster::Runtime& runtime, const auto& add) {
  constexpr std::pair<const char*, cluster::StatusCounts cluster::Runtime::Slot::*> kKinds[] = {
      {"upstream_rq_", &cluster::Runtime::Slot::statuses},
      {"retry.upstream_rq_", &cluster::Runtime::Slot::retried_statuses}};
  for (const auto& [prefix, counts] : kKinds) {
    uint64_t all = runtime.sum(counts, cluster::StatusCounts::kOther);
    for (unsigned hundred = 1; hundred <= 5; ++hundred) {
      uint64_t of_class = 0;
      for (unsigned status = hundred * 100; status < hundred * 100 + 100; ++status) {
        uint64_t value = runtime.sum(counts, status);
        if (value != 0) add(prefix + std::to_string(status), false, value);
        of_class += value;
      }
      add(prefix + std::to_string(hundred) + "xx", false, of_class);
      all += of_class;
    }
    add(std::string(prefix) + "completed", false, all);
  }
}

uint64_t count(const cluster::Runtime& runtime, bool (*is)(const Health&)) {
  const cluster::EndpointSet& endpoints = runtime.endpoints();
  return static_cast<uint64_t>(
      std::count_if(endpoints.begin(), endpoints.end(), [&](const auto& endpoint) { return is(*endpoint.health); }));
}

} // namespace

std::string family(const char* prefix, std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return prefix + name;
}

void add_stats(const cluster::Runtime& runtime, std::vector<telemetry::StatRow>& rows) {
  const cluster::Policy& policy = runtime.policy();
  auto add = [&](const std::string& name, bool gauge, uint64_t value) {
    rows.push_back({name,
                    "cluster." + runtime.name() + "." + name,
                    family("envoy_cluster_", name),
                    {{"envoy_cluster_name", runtime.name()}},
                    gauge,
                    value});
  };
  for (const cluster::StatRow& row : cluster::stat_rows()) {
    if (!policy.outlier && row.name.starts_with("outlier_detection_")) continue;
    if (!policy.health && row.name.starts_with("health_check_")) continue;
    add(telemetry::stat_name(row.name), row.gauge, runtime.sum(row.member));
  }
  add_statuses(runtime, add);
  add("membership_change", false, runtime.membership_changes());
  add("membership_total", true, runtime.endpoints().size());
  add("membership_healthy", true, count(runtime, [](const Health& health) { return health.usable(); }));
  add("membership_excluded", true, count(runtime, [](const Health& health) { return health.excluded(); }));
  if (policy.outlier) {
    add("outlier_detection.ejections_active", true,
        count(runtime, [](const Health& health) { return (health.flags() & Health::kEjected) != 0; }));
  }
  if (policy.health) {
    add("health_check.healthy", true,
        count(runtime, [](const Health& health) { return (health.flags() & Health::kFailedCheck) == 0; }));
  }
  // Under a budget that counts what was started there is no number of retries in flight to come near to.
  uint64_t in_flight = runtime.retries_in_flight(), most = policy.retry_budget ? in_flight : runtime.max_retries();
  uint64_t open = !policy.retry_budget && in_flight >= most ? 1 : 0;
  auto add_breaker = [&](const char* name, uint64_t value) {
    std::string full = std::string("circuit_breakers.default.") + name;
    rows.push_back({name,
                    "cluster." + runtime.name() + "." + full,
                    family("envoy_cluster_", full),
                    {{"envoy_cluster_name", runtime.name()}},
                    true,
                    value});
  };
  add_breaker("rq_retry_open", open);
  add_breaker("remaining_retries", in_flight >= most ? 0 : most - in_flight);
}

telemetry::ClusterRow row_of(const cluster::Runtime& runtime, const HostStatsByHealth& stats) {
  telemetry::ClusterRow row{.name = runtime.name(),
                            .max_connections = runtime.max_connections(),
                            .max_pending_requests = runtime.max_pending_requests(),
                            .max_requests = runtime.max_requests(),
                            .max_retries = runtime.max_retries()};
  for (const cluster::Endpoint& endpoint : runtime.endpoints()) {
    auto found = stats.find(endpoint.health.get());
    cluster::HostStats host = found == stats.end() ? cluster::HostStats{} : found->second;
    uint32_t flags = endpoint.health->flags();
    row.hosts.push_back({
        .address = endpoint.text,
        .hostname = endpoint.server_name,
        .weight = endpoint.weight,
        .counters = {{"cx_connect_fail", host.cx_connect_fail},
                     {"cx_total", host.cx_total},
                     {"rq_error", host.rq_error},
                     {"rq_success", host.rq_success},
                     {"rq_timeout", host.rq_timeout},
                     {"rq_total", host.rq_total}},
        .gauges = {{"cx_active", host.cx_active},
                   {"rq_active", host.rq_active},
                   {"rq_pending_active", host.rq_pending_active}},
        .failed_outlier_check = (flags & Health::kEjected) != 0,
        .failed_active_hc = (flags & Health::kFailedCheck) != 0,
        .active_hc_timeout = (flags & Health::kCheckTimeout) != 0,
        .excluded_via_immediate_hc_fail = (flags & Health::kExcluded) != 0,
    });
  }
  return row;
}

} // namespace kgw::gateway
