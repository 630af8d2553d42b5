#pragma once
// Connections of one worker to one endpoint, and the attempts that wait for one. Reuse is last-in first-out.

#include <memory>
#include <string>

#include "base/block_pool.h"
#include "base/intrusive_list.h"
#include "cluster/view.h"
#include "net/loop.h"
#include "net/output.h"
#include "net/tls.h"
#include "net/transport.h"
#include "upstream/connection.h"
#include "upstream/stream.h"

namespace kgw::upstream {

// What every connection of a worker shares.
struct Context {
  net::Loop& loop;
  net::Network& network;
  net::OutputScratch& output;
  base::ChunkPool& chunks;
  base::BlockPool& blocks;
  std::span<char> input; // the scratch that reads go to, behind what the codec left over last time
  static constexpr size_t kReadBytes = size_t{64} * 1024; // of one read
};

// A cluster's settings as connections need them; the worker replaces them when a snapshot changes them.
struct ClusterConfig {
  Duration connect_timeout = std::chrono::seconds(5);
  Duration idle_timeout = std::chrono::hours(1);
  codec::HeadLimits limits;
  bool http2 = false;
  codec::StreamLimits streams; // http2
  Duration ping_interval{};    // http2; 0: none
  Duration ping_timeout = std::chrono::seconds(15);
  size_t buffer_bytes = 1 << 20;
  std::shared_ptr<const net::TlsClient> tls; // null: plain text
};

class ClusterPools;

class Pool final : public net::Deferred {
 public:
  enum class Lease : uint8_t { kReady, kPending };

  Pool(Context& context, ClusterPools& owner, cluster::Host& host);
  ~Pool() override;

  // kReady: the stream has a connection. kPending: on_ready or on_failed comes in a later turn, never from inside.
  Lease lease(Stream& stream);
  // The endpoint left its cluster, or the worker stops: idle connections close, busy ones after their response.
  void retire();

  Context& context() { return context_; }
  const ClusterConfig& config() const;
  cluster::View& view() { return view_; }
  cluster::Host& host() { return *host_.get(); }

 private:
  friend class Connection;
  friend class Stream;
  void connected(Connection& connection);
  void connect_failed(Connection& connection, FailureKind kind, std::string_view text);
  void has_room(Connection& connection); // it carries less than before: whoever waits may use it
  void closed(Connection& connection);
  void attach(Connection& connection, Stream& stream);
  void detached(); // a stream left its connection
  void open_connections();
  void refuse(Stream& stream);
  void tell_refused();
  void stop_waiting(Stream& stream);
  void maybe_die();

  Context& context_;
  ClusterPools& owner_; // retained
  cluster::View& view_;
  cluster::HostRef host_;
  base::IntrusiveList<Connection, Connection> connecting_, full_, roomy_;
  base::IntrusiveList<Stream, Stream> pending_, refused_;
  net::Task tell_refused_;
  size_t connecting_count_ = 0, pending_count_ = 0, count_ = 0;
  bool retired_ = false, dying_ = false;
};

// The pools of one cluster on one worker. Counted without atomics: the worker's snapshots, exchanges and pools retain
// it.
class ClusterPools final : public net::Deferred {
 public:
  ClusterPools(Context& context, std::shared_ptr<cluster::Runtime> runtime, unsigned worker);
  void retain() { ++references_; }
  void release();
  Pool::Lease lease(cluster::Host& host, Stream& stream);
  cluster::View& view() { return view_; }
  const ClusterConfig& config() const { return config_; }
  void configure(const ClusterConfig& config);

 private:
  Context& context_;
  ClusterConfig config_;
  cluster::View view_;
  uint32_t references_ = 0;
};

} // namespace kgw::upstream
