#include "telemetry/clusters.h"

#include <algorithm>

#include <fmt/format.h>

namespace kgw::telemetry {
namespace {

void append_host(std::string& text, const std::string& cluster, const ClusterHostRow& host) {
  std::string prefix = cluster + "::" + host.address + "::";
  auto values = host.counters;
  values.insert(values.end(), host.gauges.begin(), host.gauges.end());
  std::sort(values.begin(), values.end());
  for (const auto& [name, value] : values) text += fmt::format("{}{}::{}\n", prefix, name, value);
  text += fmt::format("{0}hostname::{1}\n{0}health_flags::{2}\n{0}weight::{3}\n", prefix, host.hostname,
                      health_flags(host), host.weight);
}

} // namespace

std::string health_flags(const ClusterHostRow& host) {
  std::string flags;
  if (host.failed_active_hc) flags += "/failed_active_hc";
  if (host.failed_outlier_check) flags += "/failed_outlier_check";
  if (host.excluded_via_immediate_hc_fail) flags += "/excluded_via_immediate_hc_fail";
  if (host.active_hc_timeout) flags += "/active_hc_timeout";
  return flags.empty() ? "healthy" : flags;
}

std::string clusters_text(const std::vector<ClusterRow>& rows) {
  std::string text;
  for (const ClusterRow& row : rows) {
    text +=
        fmt::format("{0}::observability_name::{0}\n"
                    "{0}::default_priority::max_connections::{1}\n{0}::default_priority::max_pending_requests::{2}\n"
                    "{0}::default_priority::max_requests::{3}\n{0}::default_priority::max_retries::{4}\n",
                    row.name, row.max_connections, row.max_pending_requests, row.max_requests, row.max_retries);
    for (const ClusterHostRow& host : row.hosts) append_host(text, row.name, host);
  }
  return text;
}

} // namespace kgw::telemetry
