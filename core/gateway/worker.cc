#include "gateway/worker.h"

#include <csignal>
#include <pthread.h>

#include <algorithm>

namespace kgw::gateway {
namespace {

// One read, and in front of it what the codec left over last time: at most a head of the largest setting.
constexpr size_t kInputBytes = upstream::Context::kReadBytes + (1 << 20) + 4096;

upstream::ClusterConfig config_of(const snapshot::Cluster& cluster) {
  const snapshot::ClusterSettings& settings = cluster.spec.settings;
  upstream::ClusterConfig config;
  config.connect_timeout = base::from_ms(settings.connect_timeout_ms);
  config.idle_timeout = base::from_ms(settings.upstream_idle_timeout_ms);
  config.limits.head_bytes = static_cast<uint32_t>(settings.response_head_bytes);
  config.limits.field_count = static_cast<uint16_t>(settings.response_header_count);
  config.limits.informational_responses = static_cast<uint32_t>(settings.informational_responses);
  config.http2 = cluster.spec.http2;
  config.ping_interval = base::from_ms(settings.h2_ping_interval_ms);
  config.ping_timeout = base::from_ms(settings.h2_ping_timeout_ms);
  // Many clients share a connection: it takes more than a few slow readers to fill its window.
  auto window = static_cast<uint32_t>(cluster.spec.h2_connection_window_bytes);
  config.streams = {.concurrent_streams = static_cast<uint32_t>(cluster.spec.h2_concurrent_streams),
                    .stream_window_bytes = std::min(static_cast<uint32_t>(cluster.spec.h2_stream_window_bytes),
                                                    std::max(window / 16, 65535u)),
                    .connection_window_bytes = window};
  return config;
}

} // namespace

std::thread start_thread(std::move_only_function<void()> body, const char* name) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_setname_np(thread.native_handle(), name);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

// A port with its accepting socket. The acceptor goes first when the port is retired.
struct Worker::Listening {
  Worker* worker = nullptr;
  proxy::Port port;
  std::unique_ptr<net::Acceptor> acceptor;
  std::shared_ptr<const net::TlsServer> tls; // for connections to come
};

Worker::Worker(unsigned index, std::unique_ptr<net::Loop> loop, std::unique_ptr<net::Network> network, uint64_t seed,
               const proxy::Identity& identity, size_t ledger_records)
    : index_(index), loop_(std::move(loop)),
      network_(network != nullptr ? std::move(network) : net::make_tcp_network(*loop_)), random_(seed),
      input_(std::make_unique_for_overwrite<char[]>(kInputBytes)), upstream_{.loop = *loop_,
                                                                             .network = *network_,
                                                                             .output = output_,
                                                                             .chunks = chunks_,
                                                                             .blocks = blocks_,
                                                                             .input = {input_.get(), kInputBytes}},
      context_(*loop_, upstream_, random_, identity), ring_(ledger_records),
      drain_timer_([](void* self, Instant) { static_cast<Worker*>(self)->cut(); }, this) {
  if (ledger_records > 0) keep_records();
  loop_->set_end_of_turn([](void* self) { static_cast<Worker*>(self)->end_of_turn(); }, this);
}

Worker::~Worker() {
  cut();
  if (context_.current != nullptr) context_.current->unpin();
  context_.current = nullptr;
  for (auto& entry : pools_) drop(entry);
  loop_->set_end_of_turn(nullptr, nullptr);
}

void Worker::keep_records() {
  context_.record = [](void* self, const exchange::Record& record) {
    auto& worker = *static_cast<Worker*>(self);
    worker.ring_.add(record);
    if (worker.access_log_ != nullptr) worker.access_log_->push(record);
  };
  context_.record_context = this;
}

void Worker::set_access_log(telemetry::AccessLogQueue* queue) {
  access_log_ = queue;
  keep_records();
}

void Worker::start() {
  thread_ = start_thread([this] { loop_->run(); }, "kgw-worker");
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::end_of_turn() {
  output_.end_turn();
  context_.recycle();
  context_.new_turn();
  if (full_) make_room();
  if (!retiring_.empty()) {
    std::erase_if(retiring_, [](const auto& listening) {
      if (listening->port.connection_count > 0) return false;
      listening->port.last->unpin();
      return true;
    });
  }
  if (drained_) check_drained();
}

// ---- configuration -------------------------------------------------------------------------------------------------

void Worker::apply(Update update) {
  most_connections_ = update.most_connections;
  proxy::WorkerSnapshot* next = adopt(update);
  proxy::WorkerSnapshot* before = context_.current;
  context_.current = next;
  if (before != nullptr) update_ports(update, *before);
  if (before == nullptr) update_ports(update, *next);
  std::erase_if(pools_, [&](auto& entry) {
    if (std::find(next->pools.begin(), next->pools.end(), entry.second) != next->pools.end()) return false;
    drop(entry);
    return true;
  });
  if (before != nullptr) before->unpin();
}

void Worker::drop(const Pools::value_type& entry) {
  if (keeper_) keeper_->forget(entry.first);
  entry.second->view().update({});
  entry.second->release();
}

proxy::WorkerSnapshot* Worker::adopt(Update& update) {
  if (first_ == this && !keeper_) keeper_.emplace(upstream_);
  auto* next = new proxy::WorkerSnapshot{.snapshot = std::move(update.snapshot)};
  for (size_t i = 0; i < next->snapshot->clusters.size(); ++i) {
    const snapshot::Cluster& cluster = next->snapshot->clusters[i];
    upstream::ClusterPools*& pools = pools_[cluster.runtime.get()];
    if (pools == nullptr) {
      pools = new upstream::ClusterPools(upstream_, cluster.runtime, index_);
      pools->retain();
      auto tell = [](void* self, const auto& runtime, const auto& health, cluster::Alarm alarm, Instant now) {
        static_cast<Worker*>(self)->alarm(runtime, health, alarm, now);
      };
      pools->view().on_alarm(tell, this);
    }
    upstream::ClusterConfig config = config_of(cluster);
    config.tls = update.tls[i];
    pools->configure(config);
    pools->view().configure(cluster.spec.policy);
    if (update.endpoints[i] != nullptr) pools->view().update(*update.endpoints[i]);
    if (keeper_) keeper_->keep(cluster.runtime, cluster.spec.policy, config, update.endpoints[i].get());
    pools->retain();
    next->pools.push_back(pools);
    next->views.push_back(&pools->view());
  }
  for (auto& socket : update.counters) {
    auto& slots = next->listener_stats.emplace_back();
    for (auto& counters : socket) {
      slots.push_back(&counters->slot(index_));
      if (std::find(counters_kept_.begin(), counters_kept_.end(), counters) == counters_kept_.end())
        counters_kept_.push_back(counters);
    }
  }
  return next;
}

void Worker::update_ports(Update& update, proxy::WorkerSnapshot& before) {
  for (auto it = ports_.begin(); it != ports_.end();) {
    bool kept =
        std::any_of(update.ports.begin(), update.ports.end(), [&](const auto& port) { return port.id == it->first; });
    if (kept) {
      ++it;
      continue;
    }
    retire(*it->second, before);
    retiring_.push_back(std::move(it->second));
    it = ports_.erase(it);
  }
  for (Update::PortUpdate& port : update.ports) {
    auto& listening = ports_[port.id];
    if (listening == nullptr) listening = std::make_unique<Listening>();
    listening->port.context = &context_;
    listening->port.socket = port.socket;
    listening->tls = std::move(port.tls);
    if (!port.fresh) continue;
    auto accepts = static_cast<unsigned>(context_.current->snapshot->sockets[port.socket].connection.accepts_per_turn);
    auto on_accept = [](void* to, std::unique_ptr<net::Transport> transport) {
      auto& at = *static_cast<Listening*>(to);
      at.worker->take(at, std::move(transport));
    };
    listening->worker = this;
    listening->acceptor =
        std::make_unique<net::Acceptor>(*loop_, std::move(*port.fresh), accepts, on_accept, listening.get());
    if (full_) listening->acceptor->pause();
  }
}

void Worker::take(Listening& listening, std::unique_ptr<net::Transport> transport) {
  if (listening.tls != nullptr) transport = net::accept_tls(*loop_, std::move(transport), listening.tls);
  new proxy::Downstream(listening.port, std::move(transport)); // owns itself until it closes
  if (full_ || connections() < most_connections_) return;
  full_ = true;
  listening.port.stats().downstream_cx_overflow.add();
  for (auto& [id, other] : ports_) {
    if (other->acceptor != nullptr) other->acceptor->pause();
  }
}

void Worker::make_room() {
  if (connections() >= most_connections_) return;
  full_ = false;
  for (auto& [id, listening] : ports_) {
    if (listening->acceptor != nullptr) listening->acceptor->resume();
  }
}

// Nothing accepted is lost: the kernel's queue is emptied before the socket closes, and every connection may finish.
void Worker::retire(Listening& listening, proxy::WorkerSnapshot& last) {
  // First, for the connections that still wait in the queue: the port is not in the current snapshot any more.
  listening.port.last = &last;
  ++last.pins;
  if (listening.acceptor != nullptr) listening.acceptor->drain_queue();
  listening.acceptor.reset();
  for (proxy::Downstream* downstream = listening.port.connections.front(); downstream != nullptr;) {
    proxy::Downstream* following = listening.port.connections.next(*downstream);
    downstream->drain();
    downstream = following;
  }
}

void Worker::set_endpoints(const cluster::Runtime* runtime, const cluster::EndpointSet& endpoints) {
  auto it = pools_.find(runtime);
  if (it != pools_.end()) it->second->view().update(endpoints);
  if (keeper_) keeper_->set_endpoints(runtime, endpoints);
}

void Worker::alarm(const std::shared_ptr<cluster::Runtime>& runtime, const std::shared_ptr<cluster::Health>& health,
                   cluster::Alarm alarm, Instant now) {
  if (keeper_) return keeper_->alarm(runtime.get(), *health, alarm, now);
  first_->post([first = first_, runtime, health, alarm] {
    if (first->keeper_) first->keeper_->alarm(runtime.get(), *health, alarm, first->loop_->now());
  });
}

void Worker::add_host_stats(HostStatsByHealth& to) const {
  for (const auto& [runtime, pools] : pools_) {
    for (const cluster::Host* host : pools->view().hosts()) to[host->endpoint.health.get()] += host->stats;
  }
}

void Worker::add_port(PortId id) {
  auto& listening = ports_[id];
  listening = std::make_unique<Listening>();
  listening->port.context = &context_;
}

void Worker::accept(PortId port, std::unique_ptr<net::Transport> transport) {
  new proxy::Downstream(ports_.at(port)->port, std::move(transport));
}

// ---- ends ----------------------------------------------------------------------------------------------------------

void Worker::drain(Instant deadline, std::move_only_function<void()> done) {
  context_.draining = true;
  drained_ = std::move(done);
  loop_->wheel().arm(drain_timer_, deadline);
  for (auto& [id, listening] : ports_) {
    retire(*listening, *context_.current);
    retiring_.push_back(std::move(listening));
  }
  ports_.clear();
}

void Worker::cut() {
  auto cut_all = [](proxy::Port& port) {
    while (proxy::Downstream* downstream = port.connections.front()) downstream->cut();
  };
  for (auto& [id, listening] : ports_) cut_all(listening->port);
  for (auto& listening : retiring_) cut_all(listening->port);
}

void Worker::check_drained() {
  if (connections() > 0) return;
  drain_timer_.disarm();
  std::exchange(drained_, nullptr)();
}

size_t Worker::connections() const {
  size_t count = 0;
  for (const auto& [id, listening] : ports_) count += listening->port.connection_count;
  for (const auto& listening : retiring_) count += listening->port.connection_count;
  return count;
}

void Worker::abandon_after_fork() {
  for (auto& [id, listening] : ports_) {
    if (listening->acceptor != nullptr) listening->acceptor->abandon_after_fork();
  }
  loop_->abandon_after_fork();
  if (thread_.joinable()) thread_.detach();
}

} // namespace kgw::gateway
