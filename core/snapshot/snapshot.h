#pragma once
// One immutable, compiled configuration. Built on the control thread, read by all workers without a lock. Policy only:
// what changes at run time (endpoints, breakers) lives in the cluster Runtimes it points at.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cluster/registry.h"
#include "route/table.h"
#include "snapshot/spec.h"

namespace kgw::snapshot {

struct Backend {
  uint32_t upto = 0;    // cumulative weight, exclusive bound of this share
  int32_t cluster = -1; // index into Snapshot::clusters; -1: this share answers 500
};

// A compiled action. Durations are already made consistent.
struct Action {
  ActionKind kind = ActionKind::kError;
  std::string rule;
  uint16_t status = 500;
  std::string body, host_rewrite;
  std::vector<Backend> backends;
  uint32_t total_weight = 0;
  retry::Policy retry;
  retry::Policy no_retry; // `retry` without tokens, for requests that it is not for
  retry::Faults faults;
  StreamDuration stream_duration;
  Duration stream_idle = base::kNone; // kNone: the listener's
  Duration global{}, per_try{};       // per_try is 0 when it was not below global
  uint64_t replay_limit = 0;          // UINT64_MAX: the listener's buffer_bytes
  uint8_t attempt_count_headers = 0;
  bool timeout_retry_header = false;
};

struct Cluster {
  ClusterSpec spec;
  std::string identity;
  std::shared_ptr<cluster::Runtime> runtime;
};

// What a TLS listener shows, to clients that ask for its hostname.
struct ListenerCertificates {
  std::string listener, hostname;
  std::vector<CertificateSpec> certificates;
};

// One bound address and the listeners that share it.
struct Socket {
  std::string address;
  uint16_t port = 0;
  std::shared_ptr<const route::Table> table;
  std::vector<std::string> names;                 // NAMESPACE/GATEWAY/LISTENER, as the table indexes them
  std::vector<ListenerSettings> settings;         // same index
  ListenerSettings connection;                    // before a Host is known: the strictest of them
  std::vector<ListenerCertificates> certificates; // TLS; empty: plain text
};

struct Snapshot {
  uint64_t version = 0;
  std::vector<Socket> sockets;
  std::vector<Action> actions;
  std::vector<Cluster> clusters;
  ProcessSettings process;
};

std::string identity_of(const ClusterId& id);
cluster::Limits limits_of(const ClusterSettings& settings);

// Pure but for the Registry, which finds or makes the Runtimes. Limits are not applied here: publish does, once the
// snapshot is sure to serve.
base::Result<std::shared_ptr<const Snapshot>> compile(Spec spec, cluster::Registry& registry, uint64_t version);

} // namespace kgw::snapshot
