#pragma once
// The plain input of a snapshot: what the configuration means, with every reference resolved and nothing compiled.
// config/ makes it from documents; `Gateway::to` and tests write it by hand.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "cluster/policy.h"
#include "retry/faults.h"
#include "retry/policy.h"
#include "route/table.h"
#include "snapshot/settings.h"

namespace kgw::snapshot {

// Who a cluster is, across snapshots. The runtime state (endpoints, breakers) belongs to the identity.
struct ClusterId {
  std::string kind; // Service, Backend, Upstream
  std::string namespace_name, name;
  uint16_t port = 0; // the Service's port; 0 where the kind has none
  auto operator<=>(const ClusterId&) const = default;
};

// One place to connect to: a numeric address or a host name that DNS resolves.
struct EndpointSpec {
  std::string host;
  uint16_t port = 0;
  uint32_t weight = 1;
  // TLS only: the SNI, and the name that the certificate must bear. Empty: `host`.
  std::string server_name = {};
  auto operator<=>(const EndpointSpec&) const = default;
};

struct ClusterSpec {
  ClusterId id;
  std::string name; // NAMESPACE_NAME_PORT: the cluster's name in statistics and logs
  std::vector<EndpointSpec> endpoints;
  bool tls = false;   // toward the endpoints
  bool http2 = false; // they speak nothing else
  // http2: what the listener settings of these names are for clients, as the process has them.
  int64_t h2_concurrent_streams = 1024, h2_stream_window_bytes = 16 << 20, h2_connection_window_bytes = 24 << 20;
  ClusterSettings settings;
  cluster::Policy policy;
};

struct WeightedBackend {
  uint32_t weight = 1;
  int32_t cluster = -1; // index into Spec::clusters; -1: this share answers 500 (missing, not permitted, wrong kind)
};

// RouteOption's maxStreamDuration. `most` bounds the stream from its head on; the other two let grpc-timeout set the
// timeout.
struct StreamDuration {
  std::optional<Duration> most;            // zero: none
  std::optional<Duration> grpc_header_max; // zero: any grpc-timeout
  Duration grpc_header_offset{};           // taken off the grpc-timeout
};

enum class ActionKind : uint8_t {
  kForward,
  kDirect, // DirectResponse: status, body, details direct_response
  kError,  // a broken rule: 500
};

struct ActionSpec {
  ActionKind kind = ActionKind::kError;
  std::string rule; // NAMESPACE/ROUTE/RULE
  uint16_t status = 500;
  std::string body;
  std::vector<WeightedBackend> backends;       // kForward; total weight 0 answers 500
  retry::Policy retry;                         // on == 0: no retries
  Duration timeout = std::chrono::seconds(15); // whole exchange; 0: none
  retry::Faults faults;
  StreamDuration stream_duration;
  Duration stream_idle = base::kNone; // instead of the listener's stream_idle_timeout_ms; 0: none
  std::string host_rewrite;           // Host toward the backend; empty: the client's
  RouteSettings settings;
};

// PEM, as a Secret has it.
struct CertificateSpec {
  std::string chain, key;
};

// One filter of a socket: routes that a Gateway's listener carries. Listeners with an equal bind address and port share
// it.
struct ListenerSpec {
  std::string address;        // numeric
  uint16_t port = 0;          // to bind; 0: any free port
  uint16_t logical_port = 0;  // the document's
  route::ListenerSpec routes; // name, hostname, rules; RuleSpec::action indexes Spec::actions
  ListenerSettings settings;
  std::optional<std::vector<CertificateSpec>> tls; // terminated here; all listeners of a socket or none
};

struct Spec {
  std::vector<ListenerSpec> listeners;
  std::vector<ClusterSpec> clusters;
  std::vector<ActionSpec> actions;
  ProcessSettings process;
};

} // namespace kgw::snapshot
