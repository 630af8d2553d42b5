#include "exchange/resolve.h"

#include "http/target.h"

namespace kgw::exchange {
namespace {

void answer(Resolution& result, uint16_t status, std::string_view body, std::string_view details) {
  result.reply = {status, body, false};
  result.details = details;
}

void forward(Resolution& result, const snapshot::ListenerSettings& settings, const snapshot::Action& action,
             std::span<cluster::View* const> views, base::Random& random) {
  if (action.total_weight == 0) return answer(result, 500, {}, "no_backend");
  uint64_t draw = action.backends.size() == 1 ? 0 : random.below(action.total_weight);
  const snapshot::Backend* backend = action.backends.data();
  while (backend->upto <= draw) ++backend;
  if (backend->cluster < 0) return answer(result, 500, {}, "backend_not_resolved");
  result.forward = true;
  result.cluster = backend->cluster;
  result.plan.retry = &action.retry;
  result.plan.cluster = views[static_cast<size_t>(backend->cluster)];
  result.plan.global = action.global;
  result.plan.per_try = action.per_try;
  result.plan.replay_limit =
      action.replay_limit == UINT64_MAX ? static_cast<uint64_t>(settings.buffer_bytes) : action.replay_limit;
}

} // namespace

void resolve(const snapshot::Snapshot& snapshot, const snapshot::Socket& socket, std::span<cluster::View* const> views,
             http::Head& head, base::Arena& arena, base::Random& random, Resolution& result) {
  // RFC 9110 9.3.6, 9.3.8: neither is turned on yet.
  if (head.method_id == http::MethodId::kConnect) return answer(result, 403, {}, "connect_not_allowed");
  if (head.method_id == http::MethodId::kTrace) {
    result.allow = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";
    return answer(result, 405, {}, "trace_not_allowed");
  }
  if (socket.connection.normalize_path != 0) {
    auto path = http::normalize_path(head.path, arena);
    if (!path) return answer(result, 400, {}, "path_normalization_failed");
    head.path = *path;
  }
  std::string_view path = head.path, query;
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
    case snapshot::ActionKind::kForward:
      return forward(result, socket.settings[static_cast<size_t>(match.listener)], action, views, random);
    case snapshot::ActionKind::kDirect: return answer(result, action.status, action.body, "direct_response");
    case snapshot::ActionKind::kError: return answer(result, action.status, {}, "rule_not_resolved");
  }
}

} // namespace kgw::exchange
