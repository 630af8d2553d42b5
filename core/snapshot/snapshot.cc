#include "snapshot/snapshot.h"

#include <algorithm>
#include <map>

namespace kgw::snapshot {
namespace {

Action compile_action(ActionSpec&& spec) {
  Action action{.kind = spec.kind,
                .rule = std::move(spec.rule),
                .status = spec.status,
                .body = std::move(spec.body),
                .host_rewrite = std::move(spec.host_rewrite),
                .retry = std::move(spec.retry),
                .faults = spec.faults,
                .stream_duration = spec.stream_duration,
                .stream_idle = spec.stream_idle,
                // Envoy: a route with a maximal duration has no timeout of its own.
                .global = spec.stream_duration.most ? Duration{} : spec.timeout};
  for (const WeightedBackend& backend : spec.backends) {
    if (backend.weight == 0) continue;
    action.total_weight += backend.weight;
    action.backends.push_back({action.total_weight, backend.cluster});
  }
  // A per-try timeout that is not below the total is ignored entirely, equality included (Envoy).
  action.per_try = action.retry.per_try_timeout;
  if (action.global > Duration{} && action.per_try >= action.global) action.per_try = Duration{};
  const RouteSettings& settings = spec.settings;
  action.retry.per_try_idle = base::from_ms(settings.per_try_idle_timeout_ms);
  action.retry.hedge = settings.hedge_on_per_try_timeout != 0;
  action.retry.previous_hosts = settings.previous_hosts != 0;
  action.retry.exclude_tried_hosts = settings.exclude_tried_hosts != 0;
  action.retry.retry_after = settings.retry_after_header != 0;
  if (settings.jitter != 0) action.retry.jitter = retry::Jitter::kAboveMinimum;
  if (settings.per_try_until != 0) action.retry.per_try_until = retry::PerTryUntil::kComplete;
  if (!settings.retriable_headers.empty()) action.retry.headers = settings.retriable_headers;
  if (!settings.retriable_request_headers.empty()) action.retry.request_headers = settings.retriable_request_headers;
  action.faults.per_attempt = settings.faults != 0;
  action.retry.host_attempts = static_cast<uint32_t>(settings.host_selection_attempts);
  action.attempt_count_headers = static_cast<uint8_t>(settings.attempt_count_headers);
  action.timeout_retry_header = settings.is_timeout_retry_header != 0;
  action.no_retry = action.retry;
  action.no_retry.on = 0;
  action.replay_limit =
      spec.settings.replay_limit_bytes < 0 ? UINT64_MAX : static_cast<uint64_t>(spec.settings.replay_limit_bytes);
  return action;
}

// What acts before a request has found its listener: the smallest value of those that share the socket, so that no
// listener takes what it does not accept itself.
ListenerSettings strictest(const std::vector<ListenerSettings>& all) {
  ListenerSettings result = all.front();
  for (const ListenerSettings& next : all) {
    result.request_head_bytes = std::min(result.request_head_bytes, next.request_head_bytes);
    result.request_header_count = std::min(result.request_header_count, next.request_header_count);
    result.request_line_bytes = std::min(result.request_line_bytes, next.request_line_bytes);
    result.request_head_timeout_ms = std::min(result.request_head_timeout_ms, next.request_head_timeout_ms);
    result.connection_idle_timeout_ms = std::min(result.connection_idle_timeout_ms, next.connection_idle_timeout_ms);
    result.buffer_bytes = std::min(result.buffer_bytes, next.buffer_bytes);
    result.chunk_line_bytes = std::min(result.chunk_line_bytes, next.chunk_line_bytes);
    result.requests_per_turn = std::min(result.requests_per_turn, next.requests_per_turn);
    result.tls_handshake_timeout_ms = std::min(result.tls_handshake_timeout_ms, next.tls_handshake_timeout_ms);
    result.h2_concurrent_streams = std::min(result.h2_concurrent_streams, next.h2_concurrent_streams);
    result.h2_stream_window_bytes = std::min(result.h2_stream_window_bytes, next.h2_stream_window_bytes);
    result.h2_connection_window_bytes = std::min(result.h2_connection_window_bytes, next.h2_connection_window_bytes);
    result.h2_resets = std::min(result.h2_resets, next.h2_resets);
    result.h2_empty_frames = std::min(result.h2_empty_frames, next.h2_empty_frames);
    result.h2_priority_frames = std::min(result.h2_priority_frames, next.h2_priority_frames);
    result.h2_window_updates = std::min(result.h2_window_updates, next.h2_window_updates);
    result.h2_continuation_frames = std::min(result.h2_continuation_frames, next.h2_continuation_frames);
    result.accept_http_1_0 = std::min(result.accept_http_1_0, next.accept_http_1_0);
    result.accept_websocket = std::min(result.accept_websocket, next.accept_websocket);
    result.accept_connect = std::min(result.accept_connect, next.accept_connect);
    result.accept_extended_connect = std::min(result.accept_extended_connect, next.accept_extended_connect);
    result.accept_trace = std::min(result.accept_trace, next.accept_trace);
  }
  return result;
}

} // namespace

std::string identity_of(const ClusterId& id) {
  return id.kind + '/' + id.namespace_name + '/' + id.name + '/' + std::to_string(id.port);
}

cluster::Limits limits_of(const ClusterSettings& settings) {
  return {.max_connections = static_cast<uint32_t>(settings.max_connections),
          .max_pending_requests = static_cast<uint32_t>(settings.max_pending_requests),
          .max_requests = static_cast<uint32_t>(settings.max_requests),
          .max_retries = static_cast<uint32_t>(settings.max_retries),
          .budget_percent = static_cast<int32_t>(settings.retry_budget_percent),
          .budget_min = static_cast<int32_t>(settings.retry_budget_min)};
}

base::Result<std::shared_ptr<const Snapshot>> compile(Spec spec, cluster::Registry& registry, uint64_t version) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->version = version;
  snapshot->process = spec.process;
  // A listener with port 0 is a socket of its own; others share theirs by address and port.
  std::map<std::pair<std::string, uint16_t>, size_t> by_address;
  std::vector<std::vector<route::ListenerSpec>> tables;
  for (ListenerSpec& listener : spec.listeners) {
    auto [it, fresh] = by_address.try_emplace({listener.address, listener.port}, snapshot->sockets.size());
    if (listener.port == 0 && !fresh) it->second = snapshot->sockets.size(), fresh = true;
    if (fresh) {
      snapshot->sockets.push_back({.address = listener.address, .port = listener.port});
      tables.emplace_back();
    }
    Socket& socket = snapshot->sockets[it->second];
    if (listener.tls) socket.certificates.push_back({listener.routes.name, listener.routes.hostname, *listener.tls});
    socket.names.push_back(listener.routes.name);
    socket.settings.push_back(listener.settings);
    tables[it->second].push_back(std::move(listener.routes));
  }
  for (size_t i = 0; i < tables.size(); ++i) {
    auto table = route::Table::compile(std::move(tables[i]));
    if (!table) return std::unexpected(table.error());
    snapshot->sockets[i].table = *table;
    snapshot->sockets[i].connection = strictest(snapshot->sockets[i].settings);
  }
  for (ActionSpec& action : spec.actions) snapshot->actions.push_back(compile_action(std::move(action)));
  for (ClusterSpec& cluster : spec.clusters) {
    std::string identity = identity_of(cluster.id);
    auto runtime = registry.find_or_make(identity, cluster.name);
    snapshot->clusters.push_back({std::move(cluster), std::move(identity), std::move(runtime)});
  }
  return snapshot;
}

} // namespace kgw::snapshot
