#include "views.h"

#include "failure.h"

namespace kgw::python {

namespace {

py::dict attempt(const kgw_attempts* requests, size_t index, size_t number) {
  auto record = blank<kgw_attempt_record>();
  require(kgw_attempts_attempt_at(requests, index, number, &record));
  py::dict row;
  row["endpoint"] = text(record.endpoint);
  if (record.chosen.size != 0) row["chosen"] = text(record.chosen);
  row["reused"] = record.reused != 0;
  row["start_ms"] = moment(record.start_ms);
  row["connect_ms"] = moment(record.connect_ms);
  row["first_byte_ms"] = moment(record.first_byte_ms);
  row["end_ms"] = moment(record.end_ms);
  if (record.status != 0) row["status"] = record.status;
  if (record.reset_reason.size != 0) row["reset_reason"] = text(record.reset_reason);
  row["bytes_sent"] = record.bytes_sent;
  row["decision"] = text(record.decision);
  row["decision_text"] = text(record.decision_text);
  row["delay_ms"] = moment(record.delay_ms);
  return row;
}

py::dict request(const kgw_attempts* requests, size_t index) {
  auto record = blank<kgw_request_record>();
  require(kgw_attempts_at(requests, index, &record));
  py::dict row;
  row["start_time_us"] = record.start_time_us;
  row["method"] = text(record.method);
  row["path"] = text(record.path);
  row["protocol"] = text(record.protocol);
  row["authority"] = text(record.authority);
  row["response_code"] = record.response_code;
  row["response_flags"] = text(record.response_flags);
  row["response_code_details"] = text(record.response_code_details);
  row["bytes_received"] = record.bytes_received;
  row["bytes_sent"] = record.bytes_sent;
  row["duration"] = record.duration_ms;
  row["upstream_host"] = text(record.upstream_host);
  row["upstream_cluster"] = text(record.upstream_cluster);
  row["route_name"] = text(record.route_name);
  row["request_id"] = text(record.request_id);
  row["upstream_request_attempt_count"] = record.upstream_request_attempt_count;
  py::list tries;
  for (size_t i = 0; i < record.attempt_count; ++i) tries.append(attempt(requests, index, i));
  row["attempts"] = tries;
  return row;
}

py::dict labels(const kgw_stats* rows, size_t index, size_t count) {
  py::dict pairs;
  for (size_t i = 0; i < count; ++i) {
    kgw_str key{}, value{};
    require(kgw_stats_label_at(rows, index, i, &key, &value));
    pairs[text(key)] = text(value);
  }
  return pairs;
}

} // namespace

py::list attempts(const kgw_attempts* requests) {
  py::list rows;
  for (size_t i = 0; i < kgw_attempts_count(requests); ++i) rows.append(request(requests, i));
  return rows;
}

py::list stats(const kgw_stats* rows) {
  py::list out;
  for (size_t i = 0; i < kgw_stats_count(rows); ++i) {
    auto stat = blank<kgw_stat>();
    require(kgw_stats_at(rows, i, &stat));
    out.append(py::make_tuple(text(stat.name), labels(rows, i, stat.label_count), stat.value,
                              stat.kind == KGW_STAT_COUNTER ? "counter" : "gauge", text(stat.full_name)));
  }
  return out;
}

py::list routes(const kgw_routes* table) {
  py::list rows;
  for (size_t i = 0; i < kgw_routes_count(table); ++i) {
    auto route = blank<kgw_route>();
    require(kgw_routes_at(table, i, &route));
    py::dict row;
    row["listener"] = text(route.listener);
    row["hostname"] = text(route.hostname);
    row["path_kind"] = text(route.path_kind);
    row["path"] = text(route.path);
    row["method"] = text(route.method);
    row["conditions"] = text(route.conditions);
    row["rule"] = text(route.rule);
    row["target"] = text(route.target);
    row["budget"] = text(route.budget);
    rows.append(row);
  }
  return rows;
}

Listener::Listener(const kgw_listener& listener)
    : name(listener.name.data, listener.name.size), address(listener.address.data, listener.address.size),
      port(listener.port), bound(listener.bound != 0), tls(listener.tls != 0) {}

py::tuple Listener::row() const { return py::make_tuple(text(view(name)), address, port, bound, tls); }

} // namespace kgw::python
