#pragma once
// One function a kind: asks for the fields of its kind and returns what they say. `top` is the document itself;
// apiVersion, kind, metadata and status were read before.

#include "config/schema.h"

namespace kgw::config {

struct Meta {
  Identity id;
  Labels labels, annotations;
  std::string creation_timestamp;
};
// Fills in everything but the kind, which `meta.id` has already; `info` is null for a kind outside the table.
void read_metadata(Fields& top, const KindInfo* info, const std::string& default_namespace, Meta& meta);

Gateway read_gateway(Fields& top);
HttpRoute read_http_route(Fields& top);
RouteOption read_route_option(Fields& top);
Service read_service(Fields& top);
EndpointSlice read_endpoint_slice(Fields& top, const Meta& meta);
Backend read_backend(Fields& top); // kgateway's Upstream too
Backend read_gloo_upstream(Fields& top);
DirectResponse read_direct_response(Fields& top);
Secret read_secret(Fields& top);
ReferenceGrant read_reference_grant(Fields& top);
TrafficPolicy read_traffic_policy(Fields& top);
BackendConfigPolicy read_backend_config_policy(Fields& top);
BackendTrafficPolicy read_backend_traffic_policy(Fields& top);

// The matches of an HTTPRoute rule, at least one.
std::vector<route::MatchSpec> read_matches(Fields& rule);
// The objects that filters of type ExtensionRef name.
std::vector<ObjectRef> read_filters(Fields& rule);

// timeouts and retry of an HTTPRoute rule.
void read_timeouts(Value value, HttpRouteRule& rule);
void read_retry(const Value& value, HttpRouteRule& rule);

// RouteOption's retries, faults and maxStreamDuration.
void read_retries(const Value& value, RouteOption& option);
retry::Faults read_faults(const Value& value);
snapshot::StreamDuration read_stream_duration(const Value& value);

// What retryOn and `statuses` come to together, if that is less than their author may think.
void warn_unbuilt_tokens(const Value& retry_on, uint32_t on);
void advise_tokens(const Value& retry_on, const Value& statuses, const retry::Policy& policy);

// targetRefs and targetSelectors of a policy.
struct TargetKind {
  std::string_view group, kind;
};
struct TargetRules {
  std::span<const TargetKind> kinds; // empty: any
  Need need = Need::kOptional;       // of targetRefs
  bool sections = false, selectors = false;
};
std::vector<PolicyTarget> read_policy_targets(Fields& spec, const TargetRules& rules);

// Annotations kgwcore.dev/NAME are settings of the scope that goes with the kind.
void check_settings(const Fields& metadata, const Meta& meta);

// What is known of a kind that kind_table() does not have.
enum class Standing : uint8_t { kIgnored, kNotYet, kRefused, kUnknown };
Standing standing_of(std::string_view group, std::string_view kind_name);
// The kind of this group that was probably meant; empty: none comes near.
std::string nearest_kind(std::string_view group, std::string_view kind_name);
// A group of the gateway kinds that `group` is probably a slip of; empty: none.
std::string nearest_group(std::string_view group, std::string_view kind_name);

// Where a kind of this name lives that is served; empty: there is none.
std::string group_of_namesake(std::string_view kind_name);

} // namespace kgw::config
