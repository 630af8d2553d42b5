#include "admin/server.h"

#include <unordered_map>

#include "admin/connection.h"
#include "admin/site.h"
#include "net/clock.h"

namespace kgw::admin {

namespace {

constexpr unsigned kAcceptsPerTurn = 16;

int64_t unix_seconds() { return net::unix_time_us() / 1'000'000; }

} // namespace

struct Server::Impl {
  Impl(net::Loop& on, net::ListenSocket socket, ServerOptions given, ControlPlane& plane, base::Log& to)
      : loop(on), options(std::move(given)), log(to),
        site(plane, {options.token, options.host_name}, unix_seconds, static_cast<uint64_t>(net::unix_time_us())),
        shared(std::make_shared<ConnectionShared>(loop, site, options.body_bytes, options.connections / 2)),
        notify([](void* self) { static_cast<Impl*>(self)->pull_all(); }, this),
        acceptor(loop, std::move(socket), kAcceptsPerTurn, accepted, this) {
    shared->on_closed = [this](Connection& connection) { closed(connection); };
  }

  ~Impl() {
    for (auto& [connection, owner] : connections) {
      if (abandoned) owner.release()->abandon();
    }
    if (abandoned) return;
    while (!connections.empty()) connections.begin()->second->shut_down();
  }

  static void accepted(void* self, std::unique_ptr<net::Transport> transport) {
    static_cast<Impl*>(self)->add(std::move(transport));
  }

  void add(std::unique_ptr<net::Transport> transport) {
    auto connection = std::make_unique<Connection>(shared, std::move(transport));
    connections.emplace(connection.get(), std::move(connection));
    if (connections.size() < options.connections) return;
    KGW_LOG(log, base::LogLevel::kWarning, "admin", "{} clients are connected, further ones wait", connections.size());
    acceptor.pause();
  }

  void closed(Connection& connection) {
    auto found = connections.find(&connection);
    loop.defer_delete(std::move(found->second));
    connections.erase(found);
    if (connections.size() + 1 == options.connections) acceptor.resume();
  }

  // A connection may close while it is pulled.
  void pull_all() {
    std::vector<Connection*> all;
    for (auto& [connection, owner] : connections) all.push_back(connection);
    for (Connection* connection : all) {
      if (connections.contains(connection)) connection->pull();
    }
  }

  net::Loop& loop;
  ServerOptions options;
  base::Log& log;
  Site site;
  std::shared_ptr<ConnectionShared> shared;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections;
  net::Task notify;
  net::Acceptor acceptor;
  bool abandoned = false; // by a fork: this is the child
};

Server::Server(net::Loop& loop, net::ListenSocket socket, ServerOptions options, ControlPlane& plane, base::Log& log)
    : impl_(std::make_unique<Impl>(loop, std::move(socket), std::move(options), plane, log)) {}

Server::~Server() = default;

const net::Address& Server::address() const { return impl_->acceptor.address(); }

void Server::notify_change() { impl_->loop.post(impl_->notify); }

void Server::abandon_after_fork() {
  impl_->abandoned = true;
  impl_->acceptor.abandon_after_fork();
}

} // namespace kgw::admin
