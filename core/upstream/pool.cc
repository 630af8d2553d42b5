#include "upstream/pool.h"

#include <utility>

namespace kgw::upstream {

Pool::Pool(Context& context, ClusterPools& owner, cluster::Host& host)
    : context_(context), owner_(owner), view_(owner.view()), host_(&host),
      tell_refused_([](void* self) { static_cast<Pool*>(self)->tell_refused(); }, this) {
  owner_.retain();
}

Pool::~Pool() {
  host_.reset();
  owner_.release();
}

const ClusterConfig& Pool::config() const { return owner_.config(); }

Pool::Lease Pool::lease(Stream& stream) {
  cluster::Stats& stats = view_.stats();
  if (!view_.may_request()) {
    stats.upstream_rq_active_overflow.add();
    refuse(stream);
    return Lease::kPending;
  }
  while (Connection* connection = roomy_.pop_front()) {
    full_.push_back(*connection);
    if (connection->carries_nothing() && !connection->usable()) {
      connection->close();
      continue;
    }
    if (connection->room() <= 0) continue; // its peer allows less by now
    attach(*connection, stream);
    if (connection->room() > 0) {
      base::IntrusiveList<Connection, Connection>::remove(*connection);
      roomy_.push_front(*connection);
    }
    return Lease::kReady;
  }
  if (!view_.may_wait()) {
    stats.upstream_rq_pending_overflow.add();
    refuse(stream);
    return Lease::kPending;
  }
  stats.upstream_rq_pending_active.add();
  ++host_->stats.rq_pending_active;
  stream.pool_ = this;
  pending_.push_back(stream);
  ++pending_count_;
  open_connections();
  return Lease::kPending;
}

void Pool::attach(Connection& connection, Stream& stream) {
  view_.stats().upstream_rq_active.add();
  ++host_->stats.rq_active;
  ++host_->stats.rq_total;
  connection.attach(stream);
}

void Pool::detached() {
  view_.stats().upstream_rq_active.sub();
  --host_->stats.rq_active;
}

// As many connections on their way as attempts wait, while the breaker allows; an endpoint without any may always open
// one.
void Pool::open_connections() {
  size_t each = config().http2 ? config().streams.concurrent_streams : 1;
  while (connecting_count_ * each < pending_count_) {
    if (!view_.may_connect() && count_ > 0) {
      view_.stats().upstream_cx_overflow.add();
      return;
    }
    auto* connection = new Connection(*this);
    view_.stats().upstream_cx_total.add();
    view_.stats().upstream_cx_active.add();
    ++host_->stats.cx_total;
    ++host_->stats.cx_active;
    ++count_;
    ++connecting_count_;
    connecting_.push_back(*connection);
    connection->connect();
  }
}

void Pool::connected(Connection& connection) {
  --connecting_count_;
  has_room(connection);
  open_connections(); // it may have room for fewer than had waited for it
}

void Pool::has_room(Connection& connection) {
  while (!connection.is_closed()) {
    base::IntrusiveList<Connection, Connection>::remove(connection);
    full_.push_back(connection);
    bool room = connection.room() > 0;
    Stream* waiting = room ? pending_.front() : nullptr;
    if (waiting != nullptr) {
      stop_waiting(*waiting);
      bool reused = connection.reused();
      attach(connection, *waiting);
      waiting->handler_.on_ready(reused);
      continue;
    }
    if (connection.carries_nothing() && (retired_ || !room)) return connection.close();
    if (!room) return;
    base::IntrusiveList<Connection, Connection>::remove(connection);
    roomy_.push_front(connection);
    if (connection.carries_nothing()) connection.go_idle(context_.loop.now());
    return;
  }
}

// Envoy fails everything that waits for the endpoint: the others would most likely fail the same way.
void Pool::connect_failed(Connection& connection, FailureKind kind, std::string_view text) {
  view_.stats().upstream_cx_connect_fail.add();
  ++host_->stats.cx_connect_fail;
  --connecting_count_;
  base::IntrusiveList<Connection, Connection>::remove(connection);
  full_.push_back(connection);
  base::IntrusiveList<Stream, Stream> failing;
  failing.splice_back(pending_);
  view_.stats().upstream_rq_pending_active.sub(pending_count_);
  host_->stats.rq_pending_active -= pending_count_;
  pending_count_ = 0;
  for (Stream* stream = failing.front(); stream != nullptr; stream = failing.next(*stream)) stream->pool_ = nullptr;
  dying_ = true; // what the handlers do must not end the pool under this loop
  connection.close();
  while (Stream* stream = failing.pop_front()) stream->handler_.on_failed({kind, false, text});
  dying_ = false;
  maybe_die();
}

void Pool::closed(Connection& connection) {
  base::IntrusiveList<Connection, Connection>::remove(connection);
  --count_;
  view_.stats().upstream_cx_active.sub();
  --host_->stats.cx_active;
  context_.loop.defer_delete(std::unique_ptr<net::Deferred>(&connection));
  open_connections();
  maybe_die();
}

// Told in a later turn, as every failure: the caller is still inside the Step that asked for the lease.
void Pool::refuse(Stream& stream) {
  stream.pool_ = this;
  stream.refused_ = true;
  refused_.push_back(stream);
  context_.loop.post(tell_refused_);
}

void Pool::tell_refused() {
  base::IntrusiveList<Stream, Stream> telling;
  telling.splice_back(refused_);
  while (Stream* stream = telling.pop_front()) {
    stream->pool_ = nullptr;
    stream->refused_ = false;
    stream->handler_.on_failed({FailureKind::kOverflow, false});
  }
  maybe_die();
}

void Pool::stop_waiting(Stream& stream) {
  stream.unlink();
  stream.pool_ = nullptr;
  if (std::exchange(stream.refused_, false)) return;
  --pending_count_;
  view_.stats().upstream_rq_pending_active.sub();
  --host_->stats.rq_pending_active;
}

void Pool::retire() {
  retired_ = true;
  while (Connection* connection = roomy_.pop_front()) {
    full_.push_back(*connection);
    if (connection->carries_nothing()) connection->close();
  }
  maybe_die();
}

void Pool::maybe_die() {
  if (!retired_ || dying_ || count_ > 0 || pending_count_ > 0 || !refused_.empty()) return;
  dying_ = true;
  if (host_->pool == this) host_->pool = nullptr;
  context_.loop.defer_delete(std::unique_ptr<net::Deferred>(this));
}

ClusterPools::ClusterPools(Context& context, std::shared_ptr<cluster::Runtime> runtime, unsigned worker)
    : context_(context), view_(std::move(runtime), worker) {}

void ClusterPools::release() {
  if (--references_ == 0) context_.loop.defer_delete(std::unique_ptr<net::Deferred>(this));
}

void ClusterPools::configure(const ClusterConfig& config) {
  bool speaks_otherwise = config.http2 != config_.http2 || config.tls != config_.tls;
  config_ = config;
  if (!speaks_otherwise) return;
  // What is under way ends as it began; the next attempt gets a connection of the new kind.
  for (cluster::Host* host : view_.hosts()) {
    if (auto* pool = static_cast<Pool*>(std::exchange(host->pool, nullptr))) pool->retire();
  }
}

Pool::Lease ClusterPools::lease(cluster::Host& host, Stream& stream) {
  if (host.pool == nullptr) {
    host.pool = new Pool(context_, *this, host);
    host.retire = [](cluster::Host& gone) {
      if (gone.pool != nullptr) static_cast<Pool*>(gone.pool)->retire();
    };
  }
  auto* pool = static_cast<Pool*>(host.pool);
  Pool::Lease lease = pool->lease(stream);
  if (!host.in_set) pool->retire();
  return lease;
}

} // namespace kgw::upstream
