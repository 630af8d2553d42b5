#pragma once
// The two ends of a connection in memory. Internal to tests/support.

#include <memory>

#include "support/memory_network.h"

namespace kgw::test {

class MemoryTransport;

// What both ends share. ends[0] connected, ends[1] was accepted; null when closed. pipes[i] carries what ends[i]
// writes.
struct MemoryLink {
  MemoryLink(MemoryNetwork& on, const LinkFaults& faults)
      : network(on), pipes{Pipe(faults.to_server), Pipe(faults.to_client)} {}
  void reset(); // both ends see it
  void look();  // something changed: wakes the ends that have something to do
  MemoryNetwork& network;
  Pipe pipes[2];
  MemoryTransport* ends[2] = {};
};

class MemoryTransport final : public net::Transport {
 public:
  MemoryTransport(std::shared_ptr<MemoryLink> link, int end, const net::Address& local, const net::Address& peer);
  ~MemoryTransport() override;

  void set_handler(net::TransportHandler* handler) override;
  net::IoResult read(std::span<char> into) override;
  net::IoResult write(std::span<const char> bytes) override;
  void pause_reading() override;
  void resume_reading() override;
  void want_write(bool wanted) override;
  void shutdown_write() override;
  void close(bool reset) override;
  bool still_open() override;
  net::Address peer() const override { return peer_; }
  net::Address local() const override { return local_; }

  void connect_later(net::TransportHandler& handler); // for the end that connects: as it began
  void look();                                        // posts a wake-up when there is something to do

 private:
  enum class State : uint8_t { kConnecting, kOpen, kClosed };
  static void wake(void* self);
  void connect_now();
  void fail(net::ConnectFailure failure, int os_error);
  bool can_read() const { return state_ == State::kOpen && handler_ != nullptr && !paused_ && in().readable(); }
  bool can_write() const { return state_ == State::kOpen && handler_ != nullptr && writing_ && out().writable(); }
  Pipe& in() const { return link_->pipes[1 - end_]; }
  Pipe& out() const { return link_->pipes[end_]; }
  Calls& calls() const { return link_->network.calls; }

  std::shared_ptr<MemoryLink> link_;
  int end_;
  net::Address local_, peer_;
  net::TransportHandler* handler_ = nullptr;
  State state_ = State::kOpen;
  bool paused_ = false, writing_ = false;
  unsigned idle_wakes_ = 0; // wake-ups in a row without a read or write
  net::Task task_;
};

} // namespace kgw::test
