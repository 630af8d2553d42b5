#pragma once
// A whole worker over memory: client connections, exchanges, pools and codecs are the real ones; network and clock are
// the test's.

#include <functional>
#include <string>
#include <vector>

#include "gateway/worker.h"
#include "support/h2_peer.h"
#include "support/memory_network.h"

namespace kgw::test {

// The far end of a connection: sends all it is given, keeps what comes.
class Peer final : public net::TransportHandler {
 public:
  void adopt(std::unique_ptr<net::Transport> transport) {
    transport_ = std::move(transport);
    transport_->set_handler(this);
  }
  void send(std::string_view text) {
    unsent_ += text;
    on_writable();
  }
  void close(bool reset = false) {
    if (transport_ == nullptr) return;
    transport_->set_handler(nullptr);
    transport_->close(reset);
    closed_ = std::move(transport_); // it may be on the stack
  }
  bool ended() const { return eof_ || error_; }
  std::string received;
  std::function<void(Peer&)> on_bytes; // after each read

  void on_readable() override;
  void on_writable() override;
  std::unique_ptr<net::Transport>& transport() { return transport_; }

 private:
  std::unique_ptr<net::Transport> transport_, closed_;
  std::string unsent_;
  bool eof_ = false, error_ = false;
};

// One message of HTTP/1, as far as it has come.
struct Reply {
  int status = 0; // 0: none
  std::string head, body, trailers;
  bool complete = false;
  size_t bytes = 0; // of `text` that it took
  std::string field(std::string_view name) const, trailer(std::string_view name) const;
};
Reply parse_reply(std::string_view text);

struct Request : Reply {
  std::string method, path; // empty: the head is not there
};
Request parse_request(std::string_view text);

class Harness {
 public:
  // `trusted`: a range of clients that may steer with x-envoy-* headers; empty: none.
  explicit Harness(uint64_t seed = 1, std::string_view trusted = {});
  ~Harness();

  snapshot::ActionSpec action; // of the one route; change before start()
  snapshot::ListenerSettings listener;
  snapshot::ClusterSettings cluster;
  cluster::Policy policy;
  // As in ClusterSpec.
  bool http2 = false;
  int64_t h2_stream_window_bytes = 16 << 20, h2_connection_window_bytes = 24 << 20;
  std::vector<std::string> endpoints = {"10.0.0.1"};
  void start();
  // A new snapshot with what the fields above say now.
  void apply();
  // Another one, whose route answers by itself.
  void remove_cluster();
  // The cluster lives here from now on.
  void move(const std::vector<std::string>& hosts);
  // What an endpoint's flags are, as /clusters shows them.
  uint32_t health(size_t endpoint) { return runtime->endpoints().at(endpoint).health->flags(); }

  // What origins do with a complete request head (up to the blank line); the default answers 200 with the path as body.
  std::function<void(Peer& origin, const std::string& head)> origin;
  // Instead of it: told of a request when its head is there, and again if that was not all, when all of it is.
  std::function<void(Peer& origin, const Request&)> whole_origin;
  Peer& connect_client();
  // The same over HTTP/2, with `http2`.
  std::function<void(H2Peer& origin, H2Stream&)> h2_origin;
  H2Options h2_options; // of origins
  H2Peer& connect_h2_client(const H2Options& options = {});
  void settle() { loop->settle(); }
  void advance(Duration d) { loop->advance(d); }
  uint64_t listener_stat(base::Counter proxy::ListenerStats::* member) { return counters->sum(member); }
  // What must hold when nothing is under way.
  std::string at_rest();

  net::Loop* loop = nullptr;
  std::unique_ptr<MemoryNetwork> network;
  std::unique_ptr<gateway::Worker> worker;
  std::shared_ptr<cluster::Runtime> runtime;
  std::shared_ptr<proxy::ListenerCounters> counters;
  std::vector<std::unique_ptr<Peer>> clients, origins;
  std::vector<std::unique_ptr<H2Peer>> h2_clients, h2_origins;

 private:
  void accept_origin(std::unique_ptr<net::Transport> transport);
  void accept_h2_origin(std::unique_ptr<net::Transport> transport);
  std::shared_ptr<const cluster::EndpointSet> admit(const std::vector<std::string>& hosts);
  cluster::Registry registry_{1};
  bool with_cluster_ = true;
};

} // namespace kgw::test
