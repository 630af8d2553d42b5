#pragma once
// The kinds that kgwcore reads, as typed values: what validation leaves over. Defaults are filled in; references are
// not resolved (that is translate's work). A Position stands beside what later problems must point at.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "config/diagnostic.h"
#include "config/tree.h"
#include "route/table.h"
#include "snapshot/spec.h"

namespace kgw::config {

enum class Kind : uint8_t {
  kGateway,
  kHttpRoute,
  kRouteOption,
  kService,
  kEndpointSlice,
  kNamespace,
  kBackend,
  kDirectResponse,
  kGatewayClass,
  kReferenceGrant,
  kGlooUpstream,
  kKgatewayUpstream, // both are called Upstream, and one object may stand beside the other
  kTrafficPolicy,
  kBackendConfigPolicy,
  kBackendTrafficPolicy,
  kSecret,
  kIgnored, // stored as it comes, without meaning (Deployment, ConfigMap, ...)
};

struct Identity {
  Kind kind = Kind::kIgnored;
  std::string group; // only told apart for kIgnored; for the others the kind's first group
  std::string kind_name;
  std::string namespace_name; // empty for cluster-scoped kinds
  std::string name;
  auto operator<=>(const Identity&) const = default;
  std::string text() const; // KIND NAMESPACE/NAME
};

using Labels = std::map<std::string, std::string>;

struct LabelRequirement {
  std::string key;
  enum class Operator : uint8_t { kIn, kNotIn, kExists, kDoesNotExist } op = Operator::kIn;
  std::vector<std::string> values;
};

struct ObjectRef {
  std::string group, kind, namespace_name, name; // namespace empty: the referrer's
  std::string section_name;
  std::optional<uint16_t> port;
  Position at;
};

struct Listener {
  std::string name;
  uint16_t port = 0;
  std::string protocol; // HTTP is served; others are accepted with the condition UnsupportedProtocol
  std::string hostname;
  enum class From : uint8_t { kSame, kAll, kSelector } from = From::kSame;
  std::vector<LabelRequirement> selector;
  struct RouteKind {
    std::string group, kind;
  };
  std::vector<RouteKind> kinds;
  std::vector<ObjectRef> certificates; // of TLS that ends here
  Position at;
};
struct Gateway {
  std::string class_name;
  std::vector<Listener> listeners;
  struct Address {
    std::string type, value;
  };
  std::vector<Address> addresses;
};

struct BackendRef : ObjectRef {
  uint32_t weight = 1;
};
// What a policy is attached to: one object by its name, or without a name all of its kind that have the labels.
struct PolicyTarget : ObjectRef {
  Labels labels;
  std::string path; // spec.targetRefs[0]
};

// A field of a document and where it stands.
struct Spot {
  std::string path;
  Position at;
};

// What the kinds that govern rules have in common: each option that is there replaces the default whole.
struct RuleOptions {
  std::optional<Duration> timeout;         // zero: off
  std::optional<retry::Policy> retries;    // may retry nothing
  std::optional<std::string> host_rewrite; // Host toward the backend
  std::optional<retry::Faults> faults;
  std::optional<snapshot::StreamDuration> stream_duration;
  std::optional<Duration> stream_idle; // zero: off
  Spot timeout_at, retries_at, retry_on_at, per_try_at, stream_duration_at;
  bool empty() const { return !timeout && !retries && !host_rewrite && !faults && !stream_duration && !stream_idle; }
};

struct HttpRouteRule {
  std::string name;
  std::vector<route::MatchSpec> matches; // never empty
  std::vector<ObjectRef> extension_refs; // filters of type ExtensionRef, in order
  std::vector<BackendRef> backends;
  RuleOptions own;                         // timeouts.request and retry
  std::optional<Duration> backend_request; // timeouts.backendRequest; zero: off
  Spot backend_request_at;
  Position at;
};
struct HttpRoute {
  std::vector<ObjectRef> parents;
  std::vector<std::string> hostnames;
  std::vector<HttpRouteRule> rules;
};

struct RouteOption : RuleOptions {
  std::vector<PolicyTarget> targets;
  std::vector<std::string> unknown_tokens; // of retryOn
};
struct TrafficPolicy : RuleOptions {
  std::vector<PolicyTarget> targets;
};

struct ServicePort {
  std::string name;
  uint16_t port = 0;
  std::string target_port; // number or name; empty: absent
  std::string protocol = "TCP", app_protocol;
};
struct Service {
  std::string type = "ClusterIP", external_name;
  std::vector<ServicePort> ports;
  bool publish_not_ready = false;
};
struct EndpointSlice {
  std::string service;      // label kubernetes.io/service-name; empty: belongs to none
  std::string address_type; // IPv4, IPv6, FQDN
  struct Port {
    std::string name, protocol = "TCP", app_protocol;
    std::optional<uint16_t> port;
  };
  std::vector<Port> ports;
  struct Endpoint {
    std::string address;
    bool ready = true;
  };
  std::vector<Endpoint> endpoints;
};
// A fixed list of hosts: kgateway's Backend and Upstream, Gloo's Upstream.
struct Backend {
  struct Host {
    std::string host;
    uint16_t port = 0;
    uint32_t weight = 1;
    std::string server_name; // with TLS; empty: `host`
  };
  std::vector<Host> hosts;
  bool tls = false;
  Position tls_at;
};
// What a policy says about a backend, option by option.
struct BackendOptions {
  std::optional<Duration> connect_timeout;
  std::optional<int64_t> max_connections, max_pending_requests, max_requests, max_retries;
  std::optional<cluster::OutlierDetection> outlier;
  std::optional<cluster::HealthCheck> health;
  struct Balancer {
    cluster::Balance balance = cluster::Balance::kRoundRobin;
    uint32_t choices = 2;
  };
  std::optional<Balancer> balancer;
  Spot max_retries_at, max_ejection_at;
};
struct BackendConfigPolicy : BackendOptions {
  std::vector<PolicyTarget> targets;
};
// XBackendTrafficPolicy.
struct BackendTrafficPolicy {
  std::vector<PolicyTarget> targets;
  std::optional<cluster::RetryRateBudget> retry_budget;
};
struct DirectResponse {
  uint16_t status = 200;
  std::string body;
};
struct ReferenceGrant {
  struct From {
    std::string group, kind, namespace_name;
  };
  struct To {
    std::string group, kind, name; // name empty: all
  };
  std::vector<From> from;
  std::vector<To> to;
};
// Of type kubernetes.io/tls, decoded; of other types nothing is read.
struct Secret {
  std::string chain, key;
};
struct Bare {}; // Namespace, GatewayClass, ignored kinds: metadata is all there is

using Payload = std::variant<Bare, Gateway, HttpRoute, RouteOption, Service, EndpointSlice, Backend, DirectResponse,
                             ReferenceGrant, TrafficPolicy, BackendConfigPolicy, BackendTrafficPolicy, Secret>;

// One valid object.
struct Object {
  Identity id;
  std::string api_version; // as written
  Labels labels, annotations;
  std::string creation_timestamp; // as written in a file, RFC 3339; empty: absent
  Payload payload;
  std::string file;
  Position at;
};

// What a kind is called and where it lives, for discovery, aliases and the loader.
struct KindInfo {
  Kind kind;
  std::string group;                 // "" is the core group
  std::vector<std::string> versions; // first is preferred
  std::string kind_name, plural, singular;
  std::vector<std::string> short_names;
  bool namespaced = true;
};
// Every kind in every group that the API serves; RouteOption appears twice (both groups are one kind). Ignored kinds
// included.
const std::vector<KindInfo>& kind_table();
const KindInfo* find_kind(std::string_view group, std::string_view kind_name);
// Singular, plural, short name or kind name, any case, optionally followed by ".group": for delete and get.
const KindInfo* find_alias(std::string_view alias);

// How unknown fields are treated: Kubernetes' fieldValidation.
enum class FieldValidation : uint8_t { kStrict, kWarn, kIgnore };

// Validates one document alone. `object` is set when there is no error. `pruned` lists the paths of unknown fields when
// validation is not strict. All problems of the document at once.
struct Validated {
  std::optional<Object> object;
  std::optional<Identity> id; // as far as it could be read
  std::vector<Diagnostic> problems;
  std::vector<std::string> pruned; // JSON pointers
  bool ignored = false;            // a kind without meaning here
  bool protection = false;         // rejected for a field that would protect (extauth, jwt, rbac, ...)
};
Validated validate(const Document& document, const std::string& default_namespace,
                   FieldValidation validation = FieldValidation::kStrict);

} // namespace kgw::config
