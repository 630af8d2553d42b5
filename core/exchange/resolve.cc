#include "exchange/resolve.h"

#include "http/target.h"

namespace kgw::exchange {
namespace {

Resolution answer(uint16_t status, std::string_view body, std::string_view details) {
  Resolution result;
  result.reply = {status, body, false};
  result.details = details;
  return result;
}

Resolution forward(const snapshot::ListenerSettings& settings, const snapshot::Action& action,
                   std::span<cluster::View* const> views, base::Random& random) {
  if (action.total_weight == 0) return answer(500, {}, "no_backend");
  uint64_t draw = action.backends.size() == 1 ? 0 : random.below(action.total_weight);
  const snapshot::Backend* backend = action.backends.data();
  while (backend->upto <= draw) ++backend;
  if (backend->cluster < 0) return answer(500, {}, "backend_not_resolved");
  Resolution result;
  result.forward = true;
  result.cluster = backend->cluster;
  uint64_t replay = action.replay_limit == UINT64_MAX ? static_cast<uint64_t>(settings.buffer_bytes) : action.replay_limit;
  result.plan = {.retry = &action.retry, .cluster = views[static_cast<size_t>(backend->cluster)], .global = action.global,
                 .per_try = action.per_try, .replay_limit = replay};
  return result;
}

} // namespace

Resolution resolve(const snapshot::Snapshot& snapshot, const snapshot::Socket& socket, std::span<cluster::View* const> views,
                   http::Head& head, base::Arena& arena, base::Random& random) {
  // RFC 9110 9.3.6, 9.3.8: neither is turned on yet.
  if (head.method_id == http::MethodId::kConnect) return answer(403, {}, "connect_not_allowed");
  if (head.method_id == http::MethodId::kTrace) {
    Resolution result = answer(405, {}, "trace_not_allowed");
    result.allow = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";
    return result;
  }
  if (socket.connection.normalize_path != 0) {
    auto path = http::normalize_path(head.path, arena);
    if (!path) return answer(400, {}, "path_normalization_failed");
    head.path = *path;
  }
  std::string_view path = head.path, query;
  if (auto mark = path.find('?'); mark != std::string_view::npos) {
    query = path.substr(mark + 1);
    path = path.substr(0, mark);
  }
  auto match = socket.table->find({http::host_of(head.authority), path, query, &head});
  if (!match) {
    Resolution result = answer(404, {}, "route_not_found");
    result.listener = match.listener;
    result.no_route = true;
    return result;
  }
  const snapshot::Action& action = snapshot.actions[match.action];
  const snapshot::ListenerSettings& settings = socket.settings[static_cast<size_t>(match.listener)];
  Resolution result;
  switch (action.kind) {
    case snapshot::ActionKind::kForward: result = forward(settings, action, views, random); break;
    case snapshot::ActionKind::kDirect: result = answer(action.status, action.body, "direct_response"); break;
    case snapshot::ActionKind::kError: result = answer(action.status, {}, "rule_not_resolved"); break;
  }
  result.action = &action;
  result.listener = match.listener;
  return result;
}

} // namespace kgw::exchange
