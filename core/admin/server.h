#pragma once
// The admin address: HTTP/1 on the control thread's loop, Kubernetes' REST conventions over a ControlPlane.

#include <memory>
#include <string>

#include "admin/control_plane.h"
#include "base/log.h"
#include "net/acceptor.h"

namespace kgw::admin {

struct ServerOptions {
  std::string token;     // a secret path prefix and a bearer token; empty: none
  std::string host_name; // a further accepted Host besides 127.0.0.1, localhost and [::1]
  size_t body_bytes = 4 << 20;
  size_t connections = 256;
};

// Lives on the control loop. `plane` and `log` outlive it.
class Server {
 public:
  Server(net::Loop& loop, net::ListenSocket socket, ServerOptions options, ControlPlane& plane, base::Log& log);
  ~Server();
  const net::Address& address() const;
  // After the store changed: wakes watchers.
  void notify_change();
  // In a forked child, before the loop is abandoned too; nothing but the destructor may be called afterwards.
  void abandon_after_fork();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace kgw::admin
