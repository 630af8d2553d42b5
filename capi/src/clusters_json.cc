#include "src/clusters_json.h"

namespace kgw::capi {
namespace {

using Json = nlohmann::json;

Json stats_of(const telemetry::ClusterHostRow& host) {
  Json stats = Json::array();
  auto add = [&](const auto& rows, const char* type) {
    for (const auto& [name, value] : rows) {
      Json& stat = stats.emplace_back(Json{{"name", name}});
      if (value != 0) stat["value"] = std::to_string(value);
      if (type != nullptr) stat["type"] = type;
    }
  };
  add(host.counters, nullptr);
  add(host.gauges, "GAUGE");
  return stats;
}

Json health_of(const telemetry::ClusterHostRow& host) {
  Json health = {{"eds_health_status", "HEALTHY"}};
  if (host.failed_outlier_check) health["failed_outlier_check"] = true;
  if (host.failed_active_hc) health["failed_active_health_check"] = true;
  if (host.active_hc_timeout) health["active_hc_timeout"] = true;
  if (host.excluded_via_immediate_hc_fail) health["excluded_via_immediate_hc_fail"] = true;
  return health;
}

Json host_of(const telemetry::ClusterHostRow& host) {
  size_t colon = host.address.rfind(':');
  std::string address = host.address.substr(0, colon);
  if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
  Json row = {{"address",
               {{"socket_address", {{"address", address}, {"port_value", std::stoi(host.address.substr(colon + 1))}}}}},
              {"stats", stats_of(host)},
              {"health_status", health_of(host)},
              {"weight", host.weight}};
  if (!host.hostname.empty()) row["hostname"] = host.hostname;
  return row;
}

} // namespace

Json clusters_json(const std::vector<telemetry::ClusterRow>& rows) {
  Json clusters = Json::array();
  for (const telemetry::ClusterRow& row : rows) {
    Json& cluster = clusters.emplace_back(Json{{"name", row.name}, {"observability_name", row.name}});
    for (const telemetry::ClusterHostRow& host : row.hosts) cluster["host_statuses"].push_back(host_of(host));
    cluster["circuit_breakers"]["thresholds"] = {{{"max_connections", row.max_connections},
                                                  {"max_pending_requests", row.max_pending_requests},
                                                  {"max_requests", row.max_requests},
                                                  {"max_retries", row.max_retries}}};
  }
  return {{"cluster_statuses", std::move(clusters)}};
}

} // namespace kgw::capi
