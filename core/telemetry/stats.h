#pragma once
// Statistics as rows, and the two text forms of them.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kgw::telemetry {

struct StatRow {
  std::string name;      // upstream_rq_retry
  std::string full_name; // cluster.httpbin_httpbin_8000.upstream_rq_retry
  std::string family;    // envoy_cluster_upstream_rq_retry, the Prometheus name
  std::vector<std::pair<std::string, std::string>> labels;
  bool gauge = false;
  uint64_t value = 0;
};

// The statistic of a counter: limit_NAME in code is limit.NAME outside, and so are outlier_detection_ and
// health_check_.
std::string stat_name(std::string_view counter);
// "full_name: value" lines, sorted, as Envoy's /stats.
std::string stats_text(const std::vector<StatRow>& rows);
// Prometheus text exposition format 0.0.4: one TYPE line per family, label values escaped.
std::string stats_prometheus(const std::vector<StatRow>& rows);

} // namespace kgw::telemetry
