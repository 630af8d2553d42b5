#include "exchange/resolve.h"

#include <algorithm>

#include "base/text.h"
#include "http/forwarding.h"
#include "http/grpc_timeout.h"
#include "http/local_reply.h"
#include "http/target.h"
#include "retry/examine.h"
#include "retry/request_headers.h"

namespace kgw::exchange {
namespace {

void answer(Resolution& result, uint16_t status, std::string_view body, std::string_view details) {
  result.reply = {status, body, false};
  result.details = details;
}

constexpr std::string_view kAllow = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";

// RFC 9110 7.6.2: Max-Forwards is used up, so we answer as the origin would. We reflect no TRACE.
void last_hop(Resolution& result, const http::Head& head) {
  result.allow = kAllow;
  answer(result, head.method_id == http::MethodId::kTrace ? 405 : 200, {}, "max_forwards_reached");
}

// A trusted client's own words about retries and timeouts, over the route's.
void steer(Resolution& result, const snapshot::Action& action, http::Head& head, bool respect_expected) {
  Plan& plan = result.plan;
  result.own_policy = action.retry;
  retry::Asked asked = retry::take_request_headers(head, *result.own_policy, respect_expected);
  plan.retry = &*result.own_policy;
  plan.global = asked.timeout.value_or(action.global);
  plan.per_try = asked.per_try.value_or(action.retry.per_try_timeout);
  if (plan.global > Duration{} && plan.per_try >= plan.global) plan.per_try = Duration{};
  plan.attempt_duration = asked.attempt_duration.value_or(plan.attempt_duration);
  plan.hedge = asked.hedge.value_or(plan.hedge);
  plan.alt_response = asked.alt_response;
}

// How long the whole request may last: what its grpc-timeout asks for where the route looks at that, else the route's
// own. The origin of a gRPC request is told.
Duration duration_of(const snapshot::StreamDuration& route, http::Head& head, base::Arena& arena) {
  const http::Field* field = route.grpc_header_max ? head.only(http::Token::kGrpcTimeout) : nullptr;
  auto asked = field == nullptr ? std::nullopt : http::parse_grpc_timeout(field->value_view());
  Duration timeout = route.most.value_or(Duration{});
  if (!asked && timeout == Duration{}) return timeout;
  if (asked) {
    timeout = *route.grpc_header_max > Duration{} ? std::min(*asked, *route.grpc_header_max) : *asked;
    timeout = std::max(timeout - route.grpc_header_offset, Duration{});
  }
  if (http::reply_form_of(head) == http::ReplyForm::kGrpc) {
    http::set_field(head, arena, http::Token::kGrpcTimeout, http::format_grpc_timeout(timeout, arena));
  }
  return std::max<Duration>(timeout, std::chrono::milliseconds(1));
}

// By weight; null when there is none to choose from.
const snapshot::Backend* choose(const snapshot::Action& action, base::Random& random) {
  if (action.total_weight == 0) return nullptr;
  uint64_t draw = action.backends.size() == 1 ? 0 : random.below(action.total_weight);
  const snapshot::Backend* backend = action.backends.data();
  while (backend->upto <= draw) ++backend;
  return backend;
}

// `result.cluster` is chosen.
void forward(Resolution& result, const snapshot::ListenerSettings& settings, const snapshot::Action& action,
             const snapshot::Snapshot& snapshot, std::span<cluster::View* const> views, http::Head& head,
             base::Arena& arena) {
  result.forward = true;
  auto index = static_cast<size_t>(result.cluster);
  result.plan.retry = retry::may_retry(action.retry, head) ? &action.retry : &action.no_retry;
  if (action.faults.any()) result.plan.faults = &action.faults;
  result.plan.duration = duration_of(action.stream_duration, head, arena);
  const snapshot::ClusterSettings& cluster = snapshot.clusters[index].spec.settings;
  result.plan.attempt_duration = base::from_ms(cluster.max_stream_duration_ms);
  result.plan.cluster = views[index];
  result.plan.global = action.global;
  result.plan.per_try = action.per_try;
  result.plan.hedge = action.retry.hedge;
  result.plan.attempt_count_headers = action.attempt_count_headers;
  result.plan.timeout_retry_header = action.timeout_retry_header;
  result.plan.suppress_envoy_headers = settings.suppress_envoy_headers != 0;
  result.plan.replay_limit =
      action.replay_limit == UINT64_MAX ? static_cast<uint64_t>(settings.buffer_bytes) : action.replay_limit;
  bool respect = settings.respect_expected_rq_timeout != 0 && head.has(http::Token::kXEnvoyExpectedRqTimeoutMs);
  if ((head.present & retry::kSteering) != 0 || respect) steer(result, action, head, respect);
}

bool accepts_upgrade(const snapshot::ListenerSettings& settings, const http::Head& head) {
  if (head.version == http::Version::kHttp2 && settings.accept_extended_connect == 0) return false;
  return settings.accept_websocket != 0 && base::equal_ignore_case(head.upgrade, "websocket");
}

bool opens_with_2xx(const http::Head& head) {
  return head.method_id == http::MethodId::kConnect || (!head.upgrade.empty() && head.version == http::Version::kHttp2);
}

} // namespace

void resolve(const snapshot::Snapshot& snapshot, const snapshot::Socket& socket, std::span<cluster::View* const> views,
             http::Head& head, base::Arena& arena, base::Random& random, Resolution& result) {
  const snapshot::ListenerSettings& settings = socket.connection;
  bool connect = head.method_id == http::MethodId::kConnect;
  if (result.looped) return answer(result, 508, {}, "via_loop");
  if (connect && settings.accept_connect == 0) return answer(result, 403, {}, "connect_not_allowed");
  if (head.method_id == http::MethodId::kTrace && settings.accept_trace == 0) {
    result.allow = kAllow;
    return answer(result, 405, {}, "trace_not_allowed");
  }
  if (!head.upgrade.empty() && !accepts_upgrade(settings, head)) return answer(result, 403, {}, "upgrade_failed");
  if (!http::count_forward(head, arena)) return last_hop(result, head);
  if (settings.normalize_path != 0 && !connect) {
    auto path = http::normalize_path(head.path, arena);
    if (!path) return answer(result, 400, {}, "path_normalization_failed");
    head.path = *path;
  }
  // RFC 9110 9.3.6: CONNECT has no path. Rules for any path take it.
  std::string_view path = connect ? "/" : head.path, query;
  if (auto mark = path.find('?'); mark != std::string_view::npos) {
    query = path.substr(mark + 1);
    path = path.substr(0, mark);
  }
  auto match = socket.table->find({http::host_of(head.authority), path, query, &head});
  result.listener = match.listener;
  if (!match) {
    result.no_route = true;
    return answer(result, 404, {}, "route_not_found");
  }
  const snapshot::Action& action = snapshot.actions[match.action];
  result.action = &action;
  switch (action.kind) {
  case snapshot::ActionKind::kForward: {
    const snapshot::Backend* backend = choose(action, random);
    if (backend == nullptr) return answer(result, 500, {}, "no_backend");
    if (backend->cluster < 0) return answer(result, 500, {}, "backend_not_resolved");
    result.cluster = backend->cluster;
    return forward(result, socket.settings[static_cast<size_t>(match.listener)], action, snapshot, views, head, arena);
  }
  case snapshot::ActionKind::kDirect:
    // A 2xx of ours would open a tunnel to nowhere.
    if (action.status / 100 == 2 && opens_with_2xx(head)) return answer(result, 403, {}, "tunnel_to_direct_response");
    return answer(result, action.status, action.body, "direct_response");
  case snapshot::ActionKind::kError: return answer(result, action.status, {}, "rule_not_resolved");
  }
}

} // namespace kgw::exchange
