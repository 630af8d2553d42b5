// attempts, stats, routes, settings.

#include "snapshot/settings.h"
#include "src/handles.h"

using namespace kgw::capi;

extern "C" {

kgw_status kgw_gateway_attempts(kgw_gateway* gateway, size_t limit, kgw_attempts** attempts, kgw_error** error) {
  return with_gateway(gateway, error, [&](Controller& controller) -> kgw_status {
    if (attempts == nullptr) return set_error(error, KGW_STATUS_USAGE, "attempts is NULL");
    *attempts = new kgw_attempts{controller.attempts(limit)};
    return KGW_STATUS_OK;
  });
}

size_t kgw_attempts_count(const kgw_attempts* attempts) { return attempts == nullptr ? 0 : attempts->rows.size(); }

kgw_status kgw_attempts_at(const kgw_attempts* attempts, size_t index, kgw_request_record* out) {
  if (index >= kgw_attempts_count(attempts)) return KGW_STATUS_USAGE;
  const kgw::telemetry::RequestView& view = attempts->rows[index];
  kgw_request_record record{};
  record.sequence = view.sequence;
  record.start_time_us = view.start_time_us;
  record.method = str_of(view.method);
  record.path = str_of(view.path);
  record.protocol = str_of(view.protocol);
  record.authority = str_of(view.authority);
  record.response_code = view.response_code;
  record.response_flags = str_of(view.response_flags);
  record.response_code_details = str_of(view.response_code_details);
  record.bytes_received = view.bytes_received;
  record.bytes_sent = view.bytes_sent;
  record.duration_ms = view.duration_ms;
  record.upstream_host = str_of(view.upstream_host);
  record.upstream_cluster = str_of(view.upstream_cluster);
  record.route_name = str_of(view.route_name);
  record.request_id = str_of(view.request_id);
  record.upstream_request_attempt_count = view.attempt_count;
  record.attempt_count = view.attempts.size();
  return fill(out, record);
}

kgw_status kgw_attempts_attempt_at(const kgw_attempts* attempts, size_t index, size_t attempt,
                                   kgw_attempt_record* out) {
  if (index >= kgw_attempts_count(attempts) || attempt >= attempts->rows[index].attempts.size())
    return KGW_STATUS_USAGE;
  const kgw::telemetry::AttemptView& view = attempts->rows[index].attempts[attempt];
  kgw_attempt_record record{};
  record.endpoint = str_of(view.endpoint);
  record.reused = view.reused ? 1 : 0;
  record.start_ms = view.start_ms;
  record.connect_ms = view.connect_ms;
  record.first_byte_ms = view.first_byte_ms;
  record.end_ms = view.end_ms;
  record.status = view.status;
  record.reset_reason = str_of(view.reset_reason);
  record.bytes_sent = view.bytes_sent;
  record.decision = str_of(view.decision);
  record.decision_text = str_of(view.decision_text);
  record.delay_ms = view.delay_ms;
  record.chosen = str_of(view.chosen);
  return fill(out, record);
}

void kgw_attempts_free(kgw_attempts* attempts) { delete attempts; }

kgw_status kgw_gateway_stats(kgw_gateway* gateway, kgw_stats** stats, kgw_error** error) {
  return with_gateway(gateway, error, [&](Controller& controller) -> kgw_status {
    if (stats == nullptr) return set_error(error, KGW_STATUS_USAGE, "stats is NULL");
    *stats = new kgw_stats{controller.stats()};
    return KGW_STATUS_OK;
  });
}

size_t kgw_stats_count(const kgw_stats* stats) { return stats == nullptr ? 0 : stats->rows.size(); }

kgw_status kgw_stats_at(const kgw_stats* stats, size_t index, kgw_stat* out) {
  if (index >= kgw_stats_count(stats)) return KGW_STATUS_USAGE;
  const kgw::telemetry::StatRow& row = stats->rows[index];
  kgw_stat record{};
  record.name = str_of(row.name);
  record.kind = row.gauge ? KGW_STAT_GAUGE : KGW_STAT_COUNTER;
  record.value = row.value;
  record.label_count = row.labels.size();
  record.full_name = str_of(row.full_name);
  return fill(out, record);
}

kgw_status kgw_stats_label_at(const kgw_stats* stats, size_t index, size_t label, kgw_str* key, kgw_str* value) {
  if (index >= kgw_stats_count(stats) || label >= stats->rows[index].labels.size() || key == nullptr ||
      value == nullptr) {
    return KGW_STATUS_USAGE;
  }
  *key = str_of(stats->rows[index].labels[label].first);
  *value = str_of(stats->rows[index].labels[label].second);
  return KGW_STATUS_OK;
}

void kgw_stats_free(kgw_stats* stats) { delete stats; }

kgw_status kgw_gateway_routes(kgw_gateway* gateway, kgw_routes** routes, kgw_error** error) {
  return with_gateway(gateway, error, [&](Controller& controller) -> kgw_status {
    if (routes == nullptr) return set_error(error, KGW_STATUS_USAGE, "routes is NULL");
    *routes = new kgw_routes{controller.routes()};
    return KGW_STATUS_OK;
  });
}

size_t kgw_routes_count(const kgw_routes* routes) { return routes == nullptr ? 0 : routes->rows.size(); }

kgw_status kgw_routes_at(const kgw_routes* routes, size_t index, kgw_route* out) {
  if (index >= kgw_routes_count(routes)) return KGW_STATUS_USAGE;
  const RouteView& view = routes->rows[index];
  kgw_route record{};
  record.listener = str_of(view.row.listener);
  record.hostname = str_of(view.row.hostname);
  record.path_kind = str_of(view.row.path_kind);
  record.path = str_of(view.row.path);
  record.method = str_of(view.row.method);
  record.conditions = str_of(view.row.conditions);
  record.rule = str_of(view.row.rule);
  record.target = str_of(view.target);
  record.budget = str_of(view.budget);
  return fill(out, record);
}

void kgw_routes_free(kgw_routes* routes) { delete routes; }

size_t kgw_setting_count(void) { return kgw::snapshot::setting_rows().size(); }

kgw_status kgw_setting_at(size_t index, kgw_setting* out) {
  if (index >= kgw_setting_count()) return KGW_STATUS_USAGE;
  const kgw::snapshot::SettingRow& row = kgw::snapshot::setting_rows()[index];
  kgw_setting record{};
  record.name = str_of(row.name);
  record.scope = str_of(kgw::snapshot::scope_name(row.scope));
  record.unit = str_of(row.unit());
  record.meaning = str_of(row.meaning);
  record.default_value = row.value;
  record.edge_value = row.edge;
  record.least = row.least;
  record.most = row.most;
  record.words = str_of(row.words);
  return fill(out, record);
}

} // extern "C"
