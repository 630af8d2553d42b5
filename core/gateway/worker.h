#pragma once
// One thread with one loop: its ports, client connections, pools, counters. Everything but the constructor, start, join
// and post runs on that thread.

#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "gateway/cluster_rows.h"
#include "gateway/keeper.h"
#include "net/acceptor.h"
#include "proxy/context.h"
#include "proxy/downstream.h"
#include "telemetry/access_log_queue.h"
#include "telemetry/ring.h"
#include "upstream/pool.h"

namespace kgw::gateway {

using PortId = uint64_t;

// What a worker gets to make a new snapshot its own.
struct Update {
  std::shared_ptr<const snapshot::Snapshot> snapshot;
  struct PortUpdate {
    PortId id = 0;
    size_t socket = 0;                           // index into snapshot->sockets
    std::optional<net::ListenSocket> fresh;      // a port that the worker does not have yet
    std::shared_ptr<const net::TlsServer> tls{}; // null: plain text
  };
  std::vector<PortUpdate> ports;                                               // those not named drain
  std::vector<std::vector<std::shared_ptr<proxy::ListenerCounters>>> counters; // as snapshot->sockets
  std::vector<std::shared_ptr<const cluster::EndpointSet>> endpoints;          // as snapshot->clusters
  std::vector<std::shared_ptr<const net::TlsClient>> tls; // as snapshot->clusters; null: plain text
  size_t most_connections = SIZE_MAX;                     // of clients, this worker's share
};

class Worker {
 public:
  // `network` is null for TCP.
  Worker(unsigned index, std::unique_ptr<net::Loop> loop, std::unique_ptr<net::Network> network, uint64_t seed,
         const proxy::Identity& identity, size_t ledger_records);
  ~Worker();

  void set_access_log(telemetry::AccessLogQueue* queue); // before start; it outlives the worker
  // Before start: `first` keeps the health of clusters, and this worker tells it what it sees. Without it, it keeps it
  // itself.
  void set_keeper(Worker& first) { first_ = &first; }
  void start();
  void join(); // after stop
  void post(std::move_only_function<void()> work) { loop_->post_from_any_thread(std::move(work)); }

  // ---- on the worker's thread
  void apply(Update update);
  void set_endpoints(const cluster::Runtime* runtime, const cluster::EndpointSet& endpoints);
  // A connection without an acceptor (tests over memory).
  void accept(PortId port, std::unique_ptr<net::Transport> transport);
  // A port without a socket (tests over memory): call apply() with it named and without `fresh` afterwards.
  void add_port(PortId id);
  // Stops accepting, closes what idles, lets the rest finish until `deadline`, then cuts; `done` when nothing is left.
  void drain(Instant deadline, std::move_only_function<void()> done);
  void cut();
  void stop() { loop_->stop(); }
  std::vector<telemetry::StoredRecord> records(size_t limit) const { return ring_.last(limit); }
  void add_host_stats(HostStatsByHealth& to) const;
  net::Loop& loop() { return *loop_; }
  proxy::Context& context() { return context_; }
  size_t connections() const;
  size_t chunks_in_use() const { return chunks_.in_use(); }
  void abandon_after_fork();

 private:
  struct Listening;
  using Pools = std::map<const cluster::Runtime*, upstream::ClusterPools*>;
  void keep_records();
  void drop(const Pools::value_type& entry);
  void alarm(const std::shared_ptr<cluster::Runtime>& runtime, const std::shared_ptr<cluster::Health>& health,
             cluster::Alarm alarm, Instant now);
  void end_of_turn();
  void take(Listening& listening, std::unique_ptr<net::Transport> transport);
  void make_room();
  proxy::WorkerSnapshot* adopt(Update& update);
  void update_ports(Update& update, proxy::WorkerSnapshot& before);
  void retire(Listening& listening, proxy::WorkerSnapshot& last);
  void check_drained();

  unsigned index_;
  base::BlockPool blocks_; // of libnghttp2; the loop may have connections to destroy
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<net::Network> network_;
  base::Random random_;
  base::ChunkPool chunks_;
  net::OutputScratch output_;
  std::unique_ptr<char[]> input_;
  upstream::Context upstream_;
  proxy::Context context_;
  telemetry::Ring ring_;
  telemetry::AccessLogQueue* access_log_ = nullptr;
  Pools pools_; // retained
  Worker* first_ = this;
  std::optional<Keeper> keeper_; // the first worker's
  std::map<PortId, std::unique_ptr<Listening>> ports_;
  std::vector<std::unique_ptr<Listening>> retiring_;
  std::vector<std::shared_ptr<proxy::ListenerCounters>> counters_kept_;
  size_t most_connections_ = SIZE_MAX;
  bool full_ = false; // nothing is accepted
  base::Timer drain_timer_;
  std::move_only_function<void()> drained_;
  std::thread thread_;
};

// Runs `body` on a thread of ours: all signals blocked, so that the host's handlers never run on it.
std::thread start_thread(std::move_only_function<void()> body, const char* name);

} // namespace kgw::gateway
