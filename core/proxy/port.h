#pragma once
// A bound address on one worker, and the client connections that came in through it. Outlives snapshots: each says anew
// which of its sockets the port is.

#include "base/intrusive_list.h"
#include "proxy/context.h"

namespace kgw::proxy {

class Downstream;

struct Port {
  Context* context = nullptr;
  size_t socket = 0;              // index into the sockets of `snapshot()`
  WorkerSnapshot* last = nullptr; // pinned: the snapshot in which the port was removed; null while it is served
  base::IntrusiveList<Downstream, Downstream> connections;
  size_t connection_count = 0;

  WorkerSnapshot& snapshot() { return last != nullptr ? *last : *context->current; }
  bool draining() const { return last != nullptr || context->draining; }
  const snapshot::ListenerSettings& settings() { return snapshot().snapshot->sockets[socket].connection; }
  ListenerStats& stats() { return *snapshot().listener_stats[socket].front(); }
};

} // namespace kgw::proxy
