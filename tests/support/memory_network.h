#pragma once
// A network in memory on a virtual-clock loop: connections to listeners that a test registers, every fault at will, and
// a count of what would have been system calls. Deterministic: nothing depends on the machine.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/loop.h"
#include "net/transport.h"
#include "support/memory_pipe.h"

namespace kgw::test {

struct MemoryLink;

struct LinkFaults {
  Faults to_server, to_client;
};

// Calls that cost a system call on a real transport. pauses, resumes and write_interest count changes alone, as
// epoll_ctl does.
struct Calls {
  uint64_t connects = 0, accepts = 0, reads = 0, writes = 0, pauses = 0, resumes = 0, write_interest = 0, shutdowns = 0,
           closes = 0, peeks = 0;
  uint64_t total() const {
    return connects + accepts + reads + writes + pauses + resumes + write_interest + shutdowns + closes + peeks;
  }
};

enum class Answer : uint8_t { kRefuse, kBlackHole /* connecting never ends */, kNoFd /* a failure of our own */ };
enum class Direction : uint8_t { kToServer, kToClient };

// Must outlive its transports. Connections are numbered from 0 in the order of connect().
class MemoryNetwork final : public net::Network {
 public:
  using Listener = std::function<void(std::unique_ptr<net::Transport> server_side)>;

  explicit MemoryNetwork(net::Loop& loop) : loop_(loop) {}

  // connect() to `address` succeeds in the next turn: first `listener` gets the server's end, then the client hears
  // on_connected.
  void listen(const net::Address& address, Listener listener);
  // connect() to `address` ends like this. Addresses never spoken of refuse.
  void answer(const net::Address& address, Answer answer);
  std::unique_ptr<net::Transport> connect(const net::Address& to, net::TransportHandler& handler) override;

  // For connections that are made from now on. plan, when set, decides per connection.
  LinkFaults faults;
  std::function<LinkFaults(size_t number, const net::Address& to)> plan;

  // While a connection runs. Nothing happens when it is gone.
  void stall(size_t number, Direction direction, bool stalled);
  void reset(size_t number);

  size_t connections() const { return links_.size(); } // connect() calls so far
  size_t open_ends() const { return open_ends_; }      // transports not closed yet, both sides
  Calls calls;

 private:
  friend class MemoryTransport;
  struct Place {
    Listener listener;
    Answer answer = Answer::kRefuse;
  };
  net::Loop& loop_;
  std::map<std::string, Place> places_;
  std::vector<std::weak_ptr<MemoryLink>> links_;
  size_t open_ends_ = 0;
};

} // namespace kgw::test
