#pragma once
// What everything on one worker shares: loop, scratch, freelists, and the snapshot in force.

#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/log.h"
#include "base/random.h"
#include "exchange/event.h"
#include "exchange/record.h"
#include "http/date.h"
#include "net/loop.h"
#include "net/output.h"
#include "proxy/listener_stats.h"
#include "snapshot/snapshot.h"
#include "upstream/pool.h"

namespace kgw::proxy {

class Exchange;

// A snapshot as one worker sees it. Pinned without atomics by the exchanges that still need it.
struct WorkerSnapshot {
  std::shared_ptr<const snapshot::Snapshot> snapshot;
  std::vector<cluster::View*> views;                       // as snapshot->clusters
  std::vector<upstream::ClusterPools*> pools;              // same index, retained
  std::vector<std::vector<ListenerStats*>> listener_stats; // as snapshot->sockets, then its listeners
  uint32_t pins = 1;                                       // the worker's own

  ~WorkerSnapshot() {
    for (upstream::ClusterPools* pool : pools) pool->release();
  }
  void unpin() {
    if (--pins == 0) delete this;
  }
};

// What a gateway writes of itself into heads, and whom it knows.
struct Identity {
  std::string local_address;            // what x-forwarded-for records for a loopback peer
  std::string via;                      // its entry in a Via field: "1.1 PSEUDONYM"
  std::vector<net::Cidr> internal = {}; // clients whose x-envoy-* request headers are trusted
};

class Context {
 public:
  Context(net::Loop& loop, upstream::Context& upstream, base::Random& random, Identity identity);
  ~Context();

  // From a freelist; back at the end of the turn, so that a caller on the stack may still touch it.
  Exchange& take_exchange();
  void give_back(Exchange& exchange);
  void recycle();
  size_t live_exchanges() const { return live_; }

  // Wall-clock text for `date` fields; the clock is read once per turn and only if somebody asks.
  std::string_view date();
  int64_t unix_time_us();
  void new_turn() {
    unix_us_ = 0;
    ++turn;
  }

  net::Loop& loop;
  upstream::Context& upstream;
  base::Random& random;
  const Identity identity;
  WorkerSnapshot* current = nullptr;
  bool draining = false;
  uint64_t turn = 0; // of the loop
  // Files a finished request; null: nobody keeps records.
  void (*record)(void* context, const exchange::Record& record) = nullptr;
  void* record_context = nullptr;
  // Sees every event of every exchange with the machine's Step; null: nobody watches.
  void (*trace)(void* context, const exchange::Traced& traced) = nullptr;
  void* trace_context = nullptr;

 private:
  std::vector<std::unique_ptr<Exchange>> all_;
  std::vector<Exchange*> free_, spent_;
  size_t live_ = 0;
  http::Date date_;
  int64_t unix_us_ = 0;
};

} // namespace kgw::proxy
