#pragma once
// A loop on the real clock that runs until a condition holds, and handlers that write down what happens to them.

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "net/acceptor.h"
#include "net/loop.h"
#include "net/transport.h"

namespace kgw::net {

class RealLoop {
 public:
  RealLoop() : loop_(std::move(*Loop::make())) {
    loop_->set_end_of_turn(
        [](void* self) {
          auto& real = *static_cast<RealLoop*>(self);
          if (real.done_ && real.done_()) real.loop_->stop();
        },
        this);
  }
  Loop& operator*() { return *loop_; }
  Loop* operator->() { return loop_.get(); }

  // False when `done` does not hold within ten seconds.
  bool run_until(std::function<bool()> done) {
    done_ = std::move(done);
    bool late = false;
    struct Guard {
      Loop& loop;
      bool& late;
      base::Timer timer{[](void* self, Instant) {
                          static_cast<Guard*>(self)->late = true;
                          static_cast<Guard*>(self)->loop.stop();
                        },
                        this};
    } guard{*loop_, late};
    loop_->wheel().arm(guard.timer, loop_->now() + base::seconds(10));
    base::Timer soon{[](void*, Instant) {}, nullptr}; // a turn, if nothing else happens
    loop_->wheel().arm(soon, loop_->now());
    loop_->run();
    done_ = nullptr;
    return !late;
  }

 private:
  std::unique_ptr<Loop> loop_;
  std::function<bool()> done_;
};

// Reads what comes, as a server or client would.
struct Peer : TransportHandler {
  std::unique_ptr<Transport> transport;
  std::string received, tls_error;
  int connected = 0, failed = 0, readable = 0, writable = 0, os_error = 0, read_error = 0;
  ConnectFailure failure{};
  bool eof = false;

  ~Peer() = default;
  void take(std::unique_ptr<Transport> given) {
    transport = std::move(given);
    transport->set_handler(this);
  }
  void on_connected() override { ++connected; }
  void on_connect_failed(const ConnectError& error) override {
    ++failed;
    failure = error.kind;
    os_error = error.os_error;
    tls_error = error.tls;
  }
  void on_readable() override {
    ++readable;
    char space[4096];
    IoResult result = transport->read(space);
    if (result.kind == IoResult::Kind::kBytes) received.append(space, result.bytes);
    if (result.kind == IoResult::Kind::kEof) eof = true;
    if (result.kind == IoResult::Kind::kError) read_error = result.os_error;
    if (result.kind == IoResult::Kind::kEof || result.kind == IoResult::Kind::kError) transport->pause_reading();
  }
  void on_writable() override {
    ++writable;
    transport->want_write(false);
  }
};

inline std::span<const char> bytes_of(std::string_view text) { return {text.data(), text.size()}; }

inline Address loopback(uint16_t port = 0) { return *parse_address("127.0.0.1", port); }

// A client and a server end on a loop of their own. `server.transport` is there once run_until() has returned.
struct Connected {
  RealLoop loop;
  Peer client, server;
  std::unique_ptr<Acceptor> acceptor;
  std::unique_ptr<Network> network = make_tcp_network(*loop);

  Connected() {
    acceptor = std::make_unique<Acceptor>(
        *loop, std::move(*ListenSocket::open(loopback(), false)), 16u,
        [](void* self, std::unique_ptr<Transport> transport) {
          static_cast<Connected*>(self)->server.take(std::move(transport));
        },
        this);
    client.transport = network->connect(acceptor->address(), client);
    EXPECT_TRUE(loop.run_until([this] { return client.connected == 1 && server.transport; }));
  }
};

} // namespace kgw::net
