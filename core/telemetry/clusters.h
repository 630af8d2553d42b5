#pragma once
// Clusters with their endpoints as rows, and Envoy's text form of them.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kgw::telemetry {

struct ClusterHostRow {
  std::string address, hostname; // ADDR:PORT; of a TLS endpoint, the name that it must bear
  uint32_t weight = 1;
  // Counters and gauges by Envoy's names, over all workers.
  std::vector<std::pair<std::string, uint64_t>> counters, gauges;
  bool failed_outlier_check = false, failed_active_hc = false, active_hc_timeout = false,
       excluded_via_immediate_hc_fail = false;
};

struct ClusterRow {
  std::string name;
  uint32_t max_connections = 0, max_pending_requests = 0, max_requests = 0, max_retries = 0;
  std::vector<ClusterHostRow> hosts;
};

// As /clusters of Envoy says them: "healthy", or what fails, each behind a slash.
std::string health_flags(const ClusterHostRow& host);
// "cluster::key::value" and "cluster::address::key::value" lines, as Envoy's /clusters. What kgwcore has not is left
// out.
std::string clusters_text(const std::vector<ClusterRow>& rows);

} // namespace kgw::telemetry
