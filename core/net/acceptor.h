#pragma once
// Listening sockets.

#include <memory>

#include "net/transport.h"

namespace kgw::net {

// A bound and listening fd, owned. Made on the control thread, handed to a worker.
class ListenSocket {
 public:
  // Binds plainly (a port in use by anyone is kAddressInUse) with SO_REUSEADDR; afterwards sets SO_REUSEPORT when
  // `shared`, so that further sockets of the same gateway may join. Port 0: any free port.
  static base::Result<ListenSocket> open(const Address& address, bool shared);
  // A further socket on the same address for another worker: SO_REUSEPORT before the bind.
  base::Result<ListenSocket> sibling() const;
  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&& other) noexcept;
  ~ListenSocket();
  const Address& address() const { return address_; } // with the port that was bound
  int fd() const { return fd_; }

 private:
  ListenSocket(int fd, const Address& address) : fd_(fd), address_(address) {}
  int fd_ = -1;
  Address address_;
};

// How many descriptors the process may have open (RLIMIT_NOFILE).
size_t descriptor_limit();

// Accepts on a worker's loop, at most `accepts_per_turn` per turn. EMFILE and friends: closes a spare fd to accept and
// drop one connection, then pauses 100 ms; never spins.
class Acceptor {
 public:
  using OnAccept = void (*)(void* context, std::unique_ptr<Transport> transport);
  Acceptor(Loop& loop, ListenSocket socket, unsigned accepts_per_turn, OnAccept on_accept, void* context);
  ~Acceptor();        // stops; the accept queue is emptied into on_accept first when drain_queue() was called
  void drain_queue(); // accepts all that already waits in the kernel's queue
  void pause();       // limit of client connections reached
  void resume();
  const Address& address() const;
  uint64_t paused_by_errors() const;
  void abandon_after_fork();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace kgw::net
