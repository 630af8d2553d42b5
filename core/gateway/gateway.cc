#include "gateway/gateway.h"

#include <algorithm>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <random>
#include <set>

#include "gateway/cluster_rows.h"

namespace kgw::gateway {

// A listening address. The first socket stays here as long as the port is served: siblings for workers are made from
// it.
struct Gateway::BoundPort {
  PortId id = 0;
  net::Address address;
  std::vector<net::Certificate> certificates{}; // what `tls` was made of
  std::shared_ptr<const net::TlsServer> tls{};  // null: plain text
};

namespace {

// A forwarded request takes two descriptors, and some must remain for listeners, names and the host.
constexpr size_t kReservedDescriptors = 64;
// How long a stop waits for an access log that nobody reads.
constexpr int kAccessLogFlushMs = 1000;

size_t most_connections(const snapshot::ProcessSettings& settings) {
  if (settings.max_client_connections > 0) return static_cast<size_t>(settings.max_client_connections);
  size_t limit = net::descriptor_limit();
  return limit > 2 * kReservedDescriptors ? (limit - kReservedDescriptors) / 2 : kReservedDescriptors / 2;
}

std::vector<net::Certificate> certificates_of(const snapshot::Socket& socket) {
  std::vector<net::Certificate> all;
  for (const auto& [listener, hostname, certificates] : socket.certificates) {
    for (const snapshot::CertificateSpec& one : certificates) all.push_back({hostname, one.chain, one.key});
  }
  return all;
}

// One for each worker, on one address.
base::Result<std::vector<net::ListenSocket>> open_sockets(const net::Address& address, size_t count) {
  auto first = net::ListenSocket::open(address, count > 1);
  if (!first) return std::unexpected(first.error());
  std::vector<net::ListenSocket> sockets;
  sockets.push_back(std::move(*first));
  while (sockets.size() < count) {
    auto more = sockets.front().sibling();
    if (!more) return std::unexpected(more.error());
    sockets.push_back(std::move(*more));
  }
  return sockets;
}

} // namespace

base::Result<std::unique_ptr<Gateway>> Gateway::make(const Options& options, base::Log& log) {
  auto control = net::Loop::make();
  if (!control) return std::unexpected(control.error());
  std::unique_ptr<Gateway> gateway(new Gateway(options, log));
  gateway->control_ = std::move(*control);
  auto resolver = net::make_resolver(*gateway->control_);
  if (!resolver) return std::unexpected(resolver.error());
  gateway->resolver_ = std::move(*resolver);
  gateway->discovery_ =
      std::make_unique<Discovery>(*gateway->control_, gateway->resolver_.get(), options.seed, options.dns_cache_entries,
                                  log, [self = gateway.get()](const auto& runtime, const auto& endpoints) {
                                    self->publish_endpoints(runtime, endpoints);
                                  });
  gateway->control_thread_ = start_thread([self = gateway.get()] { self->control_->run(); }, "kgw-control");
  return gateway;
}

Gateway::Gateway(const Options& options, base::Log& log) : options_(options), registry_(options.workers), log_(log) {}

Gateway::~Gateway() {
  stop(Duration{});
  if (control_thread_.joinable()) {
    control_->stop();
    control_thread_.join();
  }
  discovery_.reset(); // its questions die with the resolver, before the loop
  resolver_.reset();
}

void Gateway::on_control(std::move_only_function<void()> work) {
  if (control_->in_loop_thread()) return work();
  std::latch done(1);
  control_->post_from_any_thread([&] {
    work();
    done.count_down();
  });
  done.wait();
}

void Gateway::wait_for_names(Duration limit) {
  // Polls: this is start-up, off every hot path, and needs no machinery of its own.
  const auto step = std::chrono::milliseconds(5);
  for (Duration waited{}; waited < limit; waited += step) {
    size_t open = 0;
    on_control([&] { open = discovery_->unanswered(); });
    if (open == 0) return;
    std::this_thread::sleep_for(step);
  }
}

// ---- configuration -------------------------------------------------------------------------------------------------

base::Result<std::vector<Binding>> Gateway::start(snapshot::Spec spec) {
  if (running_) return base::fail(base::ErrorCode::kState, "the gateway was started before");
  if (auto opened = open_access_log(); !opened) return std::unexpected(opened.error());
  // The pseudonym has to differ from every other gateway's, so it does not come from the seed (RFC 9110 7.6.3).
  proxy::Identity identity{net::local_address(), fmt::format("1.1 kgwcore-{:08x}", std::random_device()()),
                           options_.internal};
  for (unsigned i = 0; i < options_.workers; ++i) {
    auto loop = net::Loop::make();
    if (!loop) {
      abandon_start();
      return std::unexpected(loop.error());
    }
    workers_.push_back(std::make_unique<Worker>(i, std::move(*loop), nullptr, options_.seed + i + 1, identity,
                                                options_.ledger_records));
    if (access_log_ != nullptr) workers_.back()->set_access_log(&access_log_->queue(i));
    if (i > 0) workers_.back()->set_keeper(*workers_.front());
    workers_.back()->start();
  }
  running_ = true;
  auto bindings = publish(std::move(spec));
  const Binding* failed = nullptr;
  if (bindings) {
    for (const Binding& binding : *bindings) {
      if (!binding.bound && failed == nullptr) failed = &binding;
    }
    if (failed == nullptr) return bindings;
  }
  base::Error error = bindings ? failed->error : bindings.error();
  abandon_start();
  return std::unexpected(std::move(error));
}

void Gateway::abandon_start() {
  for (auto& worker : workers_) worker->stop();
  for (auto& worker : workers_) worker->join();
  workers_.clear();
  close_access_log();
  access_log_.reset();
  ports_.clear();
  bindings_.clear();
  snapshot_.reset();
  running_ = false;
}

base::Result<void> Gateway::open_access_log() {
  if (options_.access_log.path.empty()) return {};
  auto opened = telemetry::AccessLog::open(options_.access_log, options_.workers, log_);
  if (!opened) return std::unexpected(opened.error());
  access_log_ = std::move(*opened);
  access_log_thread_ = start_thread([log = access_log_.get()] { log->run(); }, "kgw-access-log");
  return {};
}

void Gateway::close_access_log() {
  if (!access_log_thread_.joinable()) return;
  access_log_->finish(kAccessLogFlushMs);
  access_log_thread_.join();
}

base::Result<void> Gateway::reopen_access_log() {
  if (access_log_ == nullptr || !running_)
    return base::fail(base::ErrorCode::kState, "there is no access log, or the gateway does not run");
  return access_log_->reopen();
}

base::Result<std::vector<Binding>> Gateway::publish(snapshot::Spec spec) {
  KGW_ASSERT(running_);
  auto compiled = snapshot::compile(std::move(spec), registry_, ++version_);
  if (!compiled) return std::unexpected(compiled.error());
  auto next = std::const_pointer_cast<snapshot::Snapshot>(*compiled); // not shared yet
  auto tls = tls_of(*next);
  if (!tls) return std::unexpected(tls.error());
  std::vector<Update> updates(workers_.size());
  prepare(*next, updates);
  std::set<std::string> identities;
  for (const snapshot::Cluster& cluster : next->clusters) {
    identities.insert(cluster.identity);
    cluster.runtime->set_limits(snapshot::limits_of(cluster.spec.settings));
    cluster.runtime->set_policy(cluster.spec.policy);
  }
  auto endpoints = discovery_->track(*next);
  // Each worker needs one at least: the kernel may give it the only client.
  size_t most = most_connections(next->process), share = most / updates.size(), rest = most % updates.size();
  for (Update& update : updates) {
    update.snapshot = next;
    update.endpoints = endpoints;
    update.tls = *tls;
    update.most_connections = std::max<size_t>(1, rest > 0 ? share + 1 : share);
    rest -= rest > 0 ? 1 : 0;
    for (const snapshot::Socket& socket : next->sockets) update.counters.push_back(counters_of(socket));
  }
  hand_over(updates);
  snapshot_ = next;
  std::vector<std::string> gone;
  for (const auto& [identity, runtime] : registry_.all()) {
    if (!identities.contains(identity)) gone.push_back(identity);
  }
  for (const std::string& identity : gone) registry_.forget(identity);
  return bindings_;
}

// Binds what is new. Sockets that cannot be bound leave the snapshot; the others get one listening socket per worker.
void Gateway::prepare(snapshot::Snapshot& next, std::vector<Update>& updates) {
  bindings_.clear();
  std::map<std::pair<std::string, uint16_t>, BoundPort> kept;
  std::vector<snapshot::Socket> served;
  for (snapshot::Socket& socket : next.sockets) {
    // Several listeners on "any free port" are told apart by their first listener's name.
    std::pair<std::string, uint16_t> key{
        socket.port == 0 ? socket.address + '#' + socket.names.front() : socket.address, socket.port};
    auto known = ports_.find(key);
    auto port = bind(socket, known == ports_.end() ? nullptr : &known->second, served.size(), updates);
    Binding binding{.bound = port.has_value(), .tls = !socket.certificates.empty()};
    if (port) {
      binding.address = port->address;
      kept[key] = *port;
    } else {
      binding.error = port.error();
    }
    for (const std::string& name : socket.names) {
      binding.listener = name;
      bindings_.push_back(binding);
    }
    if (binding.bound) served.push_back(std::move(socket));
  }
  next.sockets = std::move(served);
  ports_ = std::move(kept);
}

// `before`: as it is bound already, or null. `place`: of the socket in the snapshot.
base::Result<Gateway::BoundPort> Gateway::bind(const snapshot::Socket& socket, const BoundPort* before, size_t place,
                                               std::vector<Update>& updates) {
  auto tls = tls_of(socket, before);
  if (!tls) return std::unexpected(tls.error());
  if (before != nullptr) {
    for (Update& update : updates) update.ports.push_back({before->id, place, std::nullopt, *tls});
    return BoundPort{before->id, before->address, certificates_of(socket), *tls};
  }
  auto address = net::parse_address(socket.address, socket.port);
  if (!address) return std::unexpected(address.error());
  auto sockets = open_sockets(*address, updates.size());
  if (!sockets) return std::unexpected(sockets.error());
  BoundPort port{next_port_++, sockets->front().address(), certificates_of(socket), *tls};
  for (size_t i = 0; i < updates.size(); ++i)
    updates[i].ports.push_back({port.id, place, std::move((*sockets)[i]), *tls});
  return port;
}

// The same certificates keep their server, so that clients can resume their sessions.
base::Result<std::shared_ptr<const net::TlsServer>> Gateway::tls_of(const snapshot::Socket& socket,
                                                                    const BoundPort* before) {
  std::vector<net::Certificate> certificates = certificates_of(socket);
  if (certificates.empty()) return nullptr;
  if (before != nullptr && before->certificates == certificates) return before->tls;
  return net::TlsServer::make(certificates);
}

base::Result<std::vector<std::shared_ptr<const net::TlsClient>>> Gateway::tls_of(const snapshot::Snapshot& next) {
  std::vector<std::shared_ptr<const net::TlsClient>> result;
  for (const snapshot::Cluster& cluster : next.clusters) {
    auto& client = result.emplace_back();
    if (!cluster.spec.tls) continue;
    bool verify = cluster.spec.settings.tls_verify != 0;
    auto& shared = verify ? tls_verifying_ : tls_trusting_;
    if (shared == nullptr) {
      auto made = net::TlsClient::make(verify);
      if (!made) return std::unexpected(made.error());
      shared = std::move(*made);
    }
    client = shared;
  }
  return result;
}

void Gateway::hand_over(std::vector<Update>& updates) {
  std::latch swapped(static_cast<ptrdiff_t>(workers_.size()));
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->post([&, i] {
      workers_[i]->apply(std::move(updates[i]));
      swapped.count_down();
    });
  }
  swapped.wait();
}

std::vector<std::shared_ptr<proxy::ListenerCounters>> Gateway::counters_of(const snapshot::Socket& socket) {
  std::vector<std::shared_ptr<proxy::ListenerCounters>> result;
  for (const std::string& name : socket.names) {
    auto& counters = counters_[name];
    if (counters == nullptr) counters = std::make_shared<proxy::ListenerCounters>(name, options_.workers);
    result.push_back(counters);
  }
  return result;
}

void Gateway::publish_endpoints(const std::shared_ptr<cluster::Runtime>& runtime,
                                const std::shared_ptr<const cluster::EndpointSet>& endpoints) {
  for (auto& worker : workers_) {
    worker->post([&worker = *worker, runtime, endpoints] { worker.set_endpoints(runtime.get(), *endpoints); });
  }
}

// ---- views ---------------------------------------------------------------------------------------------------------

void Gateway::on_workers(const std::function<void(Worker&)>& work) {
  std::latch done(static_cast<ptrdiff_t>(workers_.size()));
  for (auto& worker : workers_) {
    worker->post([&, self = worker.get()] {
      work(*self);
      done.count_down();
    });
  }
  done.wait();
}

std::vector<telemetry::StoredRecord> Gateway::records(size_t limit) {
  std::vector<telemetry::StoredRecord> all;
  on_control([&] {
    if (!running_) return;
    std::mutex mutex;
    on_workers([&](Worker& worker) {
      auto records = worker.records(limit);
      std::lock_guard lock(mutex);
      all.insert(all.end(), std::make_move_iterator(records.begin()), std::make_move_iterator(records.end()));
    });
  });
  auto ended = [](const telemetry::StoredRecord& record) { return record.ledger.ended; };
  std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return ended(a) < ended(b); });
  if (limit != 0 && all.size() > limit) all.erase(all.begin(), all.end() - static_cast<ptrdiff_t>(limit));
  return all;
}

std::vector<telemetry::ClusterRow> Gateway::clusters() {
  HostStatsByHealth stats;
  if (running_) {
    std::mutex mutex;
    on_workers([&](Worker& worker) {
      std::lock_guard lock(mutex);
      worker.add_host_stats(stats);
    });
  }
  std::vector<telemetry::ClusterRow> rows;
  for (const auto& [identity, runtime] : registry_.all()) rows.push_back(row_of(*runtime, stats));
  return rows;
}

std::vector<telemetry::StatRow> Gateway::stats() const {
  std::vector<telemetry::StatRow> rows;
  for (const auto& [identity, runtime] : registry_.all()) add_stats(*runtime, rows);
  for (const auto& [name, counters] : counters_) {
    std::string prefix = name;
    std::replace(prefix.begin(), prefix.end(), '/', '_');
    for (const proxy::ListenerStatRow& row : proxy::listener_stat_rows()) {
      std::string stat = telemetry::stat_name(row.name);
      rows.push_back({stat,
                      std::string("http.").append(prefix).append(".").append(stat),
                      family("envoy_http_", stat),
                      {{"envoy_http_conn_manager_prefix", prefix}},
                      row.gauge,
                      counters->sum(row.member)});
    }
  }
  auto add_own = [&](const char* name, uint64_t value) {
    rows.push_back({name, name, family("kgwcore_", name), {}, false, value});
  };
  add_own("dns_cache_overflow", discovery_->overflowed());
  add_own("access_log_written", access_log_ == nullptr ? 0 : access_log_->written());
  add_own("access_log_dropped", access_log_ == nullptr ? 0 : access_log_->dropped());
  add_own("access_log_write_failed", access_log_ == nullptr ? 0 : access_log_->write_failed());
  return rows;
}

// ---- ends ----------------------------------------------------------------------------------------------------------

void Gateway::stop(Duration drain) {
  if (stopping_.exchange(true)) {
    // Somebody drains already: cut it short.
    if (drain == Duration{}) {
      for (auto& worker : workers_) worker->post([self = worker.get()] { self->cut(); });
    }
    return;
  }
  if (workers_.empty()) return;
  std::latch drained(static_cast<ptrdiff_t>(workers_.size()));
  for (auto& worker : workers_) {
    worker->post([&, self = worker.get()] { self->drain(self->loop().now() + drain, [&] { drained.count_down(); }); });
  }
  drained.wait();
  on_control([&] { running_ = false; });
  for (auto& worker : workers_) worker->stop();
  for (auto& worker : workers_) worker->join();
  close_access_log();
}

void Gateway::abandon_after_fork() {
  if (access_log_ != nullptr) access_log_->abandon_after_fork();
  if (access_log_thread_.joinable()) access_log_thread_.detach();
  for (auto& worker : workers_) worker->abandon_after_fork();
  control_->abandon_after_fork();
  if (control_thread_.joinable()) control_thread_.detach();
  stopping_ = true;
}

} // namespace kgw::gateway
