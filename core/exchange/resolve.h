#pragma once
// From a request head and a snapshot to a plan, or to an answer that needs no backend. The only part of the exchange
// that knows snapshots.

#include <optional>
#include <span>

#include "base/arena.h"
#include "base/random.h"
#include "exchange/decision.h"
#include "exchange/machine.h"
#include "exchange/plan.h"
#include "http/head.h"
#include "snapshot/snapshot.h"

namespace kgw::exchange {

struct Resolution {
  bool forward = false;
  Plan plan; // forward
  std::optional<retry::Policy>
      own_policy; // forward: what a trusted client made of the route's; plan.retry has to point to it
  const snapshot::Action* action = nullptr; // null when no rule matched
  int32_t cluster = -1;                     // index of the snapshot, forward only
  int32_t listener = -1;                    // index in the socket; -1 when no listener covers the host
  Reply reply;                              // !forward
  Decision why = Decision::kAnswered;
  std::string_view details; // !forward: response code details
  std::string_view allow;   // !forward: an Allow field, when the answer must have one
  bool no_route = false;    // flag NR
  bool looped = false;      // set by the caller: the request has passed this gateway before
};

// Refuses what the listener does not accept (CONNECT, TRACE, upgrades), counts Max-Forwards down, normalises head.path
// in place (arena) when the listener says so, matches, picks the weighted backend. `views` are the worker's, indexed as
// snapshot.clusters. Fills in `result`, which comes fresh.
void resolve(const snapshot::Snapshot& snapshot, const snapshot::Socket& socket, std::span<cluster::View* const> views,
             http::Head& head, base::Arena& arena, base::Random& random, Resolution& result);

} // namespace kgw::exchange
