#pragma once
// The facade. Owns the control thread, the workers and everything that is shared between snapshots. Read this first.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "cluster/registry.h"
#include "gateway/discovery.h"
#include "gateway/worker.h"
#include "net/resolver.h"
#include "snapshot/spec.h"
#include "telemetry/access_log.h"
#include "telemetry/clusters.h"
#include "telemetry/stats.h"

namespace kgw::gateway {

struct Options {
  unsigned workers = 1;
  uint64_t seed = 0;
  size_t ledger_records = 1024;
  size_t dns_cache_entries = 10'000;
  std::vector<net::Cidr> internal; // clients whose x-envoy-* request headers are trusted
  telemetry::AccessLogOptions access_log;
};

// What became of one listener of a published spec.
struct Binding {
  std::string listener; // NAMESPACE/GATEWAY/LISTENER
  bool bound = false;
  bool tls = false;
  net::Address address; // as bound
  base::Error error;    // !bound
};

class Gateway {
 public:
  static base::Result<std::unique_ptr<Gateway>> make(const Options& options, base::Log& log);
  ~Gateway(); // stop() first

  // ---- any thread
  // Runs `work` on the control thread and waits for it. Called on the control thread, runs it at once.
  void on_control(std::move_only_function<void()> work);
  // Waits until every host name has had an answer, or `limit` is over.
  void wait_for_names(Duration limit);
  // Stops accepting, drains for at most `drain`, ends the workers. A second call cuts a drain that runs.
  void stop(Duration drain);
  std::vector<telemetry::StoredRecord> records(size_t limit);
  void abandon_after_fork();

  // ---- control thread
  // Opens the access log and starts the workers. `bindings` as publish(); when any failed, nothing listens and the
  // error is the first one's.
  base::Result<std::vector<Binding>> start(snapshot::Spec spec);
  // The apply transaction: compile, bind what is new, hand the snapshot to every worker, and return when all serve it.
  // A port that cannot be bound is left out; everything else takes effect. Fails only when compiling does; the old
  // snapshot serves on.
  base::Result<std::vector<Binding>> publish(snapshot::Spec spec);
  net::Loop& control_loop() { return *control_; }
  std::shared_ptr<const snapshot::Snapshot> snapshot() const { return snapshot_; }
  const std::vector<Binding>& bindings() const { return bindings_; }
  bool running() const { return running_; }
  std::vector<telemetry::StatRow> stats() const;
  std::vector<telemetry::ClusterRow> clusters(); // waits for the workers
  // As telemetry::AccessLog; kState when there is none, or the gateway does not run.
  base::Result<void> reopen_access_log();
  cluster::Registry& registry() { return registry_; }

 private:
  Gateway(const Options& options, base::Log& log);
  struct BoundPort;
  void abandon_start();
  base::Result<void> open_access_log();
  void close_access_log();
  void prepare(snapshot::Snapshot& next, std::vector<Update>& updates);
  base::Result<BoundPort> bind(const snapshot::Socket& socket, const BoundPort* before, size_t place,
                               std::vector<Update>& updates);
  base::Result<std::shared_ptr<const net::TlsServer>> tls_of(const snapshot::Socket& socket, const BoundPort* before);
  base::Result<std::vector<std::shared_ptr<const net::TlsClient>>> tls_of(const snapshot::Snapshot& next);
  void hand_over(std::vector<Update>& updates);
  // Runs `work` on every worker's thread, at the same time, and waits. Control thread, while they run.
  void on_workers(const std::function<void(Worker&)>& work);
  std::vector<std::shared_ptr<proxy::ListenerCounters>> counters_of(const snapshot::Socket& socket);
  void publish_endpoints(const std::shared_ptr<cluster::Runtime>& runtime,
                         const std::shared_ptr<const cluster::EndpointSet>& endpoints);

  Options options_;
  std::unique_ptr<net::Loop> control_;
  std::unique_ptr<net::Resolver> resolver_;
  std::thread control_thread_;
  cluster::Registry registry_;
  std::unique_ptr<Discovery> discovery_;
  base::Log& log_;
  std::unique_ptr<telemetry::AccessLog> access_log_; // outlives the workers that push into it; null: none
  std::thread access_log_thread_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::map<std::string, std::shared_ptr<proxy::ListenerCounters>> counters_;
  std::map<std::pair<std::string, uint16_t>, BoundPort> ports_;
  std::shared_ptr<const snapshot::Snapshot> snapshot_;
  std::vector<Binding> bindings_;
  std::shared_ptr<const net::TlsClient> tls_verifying_, tls_trusting_; // made when the first cluster needs one
  uint64_t version_ = 0;
  PortId next_port_ = 1;
  std::atomic<bool> running_{false}; // written by the control thread
  std::atomic<bool> stopping_{false};
};

} // namespace kgw::gateway
