#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/readers.h"

namespace kgw::config {
namespace {

constexpr const char* kGatewayApi = "gateway.networking.k8s.io";
constexpr const char* kKgateway = "gateway.kgateway.dev";
constexpr const char* kGloo = "gloo.solo.io";
constexpr const char* kExperimental = "gateway.networking.x-k8s.io";

// NOLINTNEXTLINE(readability-function-size): a table
std::vector<KindInfo> make_table() {
  using enum Kind;
  std::vector<KindInfo> table = {
      {kHttpRoute, kGatewayApi, {"v1", "v1beta1"}, "HTTPRoute", "httproutes", "httproute", {}, true},
      {kGateway, kGatewayApi, {"v1", "v1beta1"}, "Gateway", "gateways", "gateway", {"gtw"}, true},
      {kGatewayClass, kGatewayApi, {"v1", "v1beta1"}, "GatewayClass", "gatewayclasses", "gatewayclass", {"gc"}, false},
      {kReferenceGrant,
       kGatewayApi,
       {"v1", "v1beta1"},
       "ReferenceGrant",
       "referencegrants",
       "referencegrant",
       {"refgrant"},
       true},
      {kRouteOption,
       "gateway.solo.io",
       {"v1"},
       "RouteOption",
       "routeoptions",
       "routeoption",
       {"rto", "rtopts", "grto"},
       true},
      {kGlooUpstream, kGloo, {"v1"}, "Upstream", "upstreams", "upstream", {"us"}, true},
      {kRouteOption,
       kKgateway,
       {"v1alpha1"},
       "RouteOption",
       "routeoptions",
       "routeoption",
       {"rto", "rtopts", "grto"},
       true},
      {kBackend, kKgateway, {"v1alpha1"}, "Backend", "backends", "backend", {}, true},
      {kKgatewayUpstream, kKgateway, {"v1alpha1"}, "Upstream", "upstreams", "upstream", {"up"}, true},
      {kDirectResponse, kKgateway, {"v1alpha1"}, "DirectResponse", "directresponses", "directresponse", {}, true},
      {kTrafficPolicy, kKgateway, {"v1alpha1"}, "TrafficPolicy", "trafficpolicies", "trafficpolicy", {}, true},
      {kBackendConfigPolicy,
       kKgateway,
       {"v1alpha1"},
       "BackendConfigPolicy",
       "backendconfigpolicies",
       "backendconfigpolicy",
       {},
       true},
      {kBackendTrafficPolicy,
       kExperimental,
       {"v1alpha1"},
       "XBackendTrafficPolicy",
       "xbackendtrafficpolicies",
       "xbackendtrafficpolicy",
       {"xbtrafficpolicy"},
       true},
      {kService, "", {"v1"}, "Service", "services", "service", {"svc"}, true},
      {kNamespace, "", {"v1"}, "Namespace", "namespaces", "namespace", {"ns"}, false},
      {kSecret, "", {"v1"}, "Secret", "secrets", "secret", {}, true},
      {kEndpointSlice, "discovery.k8s.io", {"v1"}, "EndpointSlice", "endpointslices", "endpointslice", {}, true},
  };
  // Kinds of the manifests that guides apply beside ours.
  struct Plain {
    const char *group, *version, *kind_name, *plural, *short_name;
    bool namespaced;
  };
  static constexpr Plain kPlain[] = {
      {"", "v1", "ConfigMap", "configmaps", "cm", true},
      {"", "v1", "ServiceAccount", "serviceaccounts", "sa", true},
      {"", "v1", "Pod", "pods", "po", true},
      {"", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", true},
      {"", "v1", "PersistentVolume", "persistentvolumes", "pv", false},
      {"", "v1", "ResourceQuota", "resourcequotas", "quota", true},
      {"", "v1", "LimitRange", "limitranges", "limits", true},
      {"apps", "v1", "Deployment", "deployments", "deploy", true},
      {"apps", "v1", "StatefulSet", "statefulsets", "sts", true},
      {"apps", "v1", "DaemonSet", "daemonsets", "ds", true},
      {"apps", "v1", "ReplicaSet", "replicasets", "rs", true},
      {"batch", "v1", "Job", "jobs", "", true},
      {"batch", "v1", "CronJob", "cronjobs", "cj", true},
      {"autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", true},
      {"policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", true},
      {"networking.k8s.io", "v1", "Ingress", "ingresses", "ing", true},
      {"networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "netpol", true},
      {"rbac.authorization.k8s.io", "v1", "Role", "roles", "", true},
      {"rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", "", true},
      {"rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "", false},
      {"rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", "", false},
      {"apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", "crd", false},
      {"admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", "", false},
      {"admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings",
       "", false},
      {"admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "",
       false},
      {"admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "",
       false},
  };
  for (const Plain& plain : kPlain) {
    KindInfo info{
        kIgnored, plain.group,     {plain.version}, plain.kind_name, plain.plural, base::to_lower(plain.kind_name),
        {},       plain.namespaced};
    if (plain.short_name[0] != '\0') info.short_names.push_back(plain.short_name);
    table.push_back(std::move(info));
  }
  return table;
}

struct Unbuilt {
  std::string_view group, kind_name;
  Standing standing;
};
constexpr Unbuilt kUnbuilt[] = {
    {"", "Endpoints", Standing::kNotYet},
    {kExperimental, "XBackend", Standing::kNotYet},
    {kExperimental, "XListenerSet", Standing::kRefused},
    {kGatewayApi, "BackendTLSPolicy", Standing::kRefused},
    {kGatewayApi, "ListenerSet", Standing::kRefused},
    {kGatewayApi, "GRPCRoute", Standing::kRefused},
    {kGatewayApi, "TCPRoute", Standing::kRefused},
    {kGatewayApi, "TLSRoute", Standing::kRefused},
    {kGatewayApi, "UDPRoute", Standing::kRefused},
    {kKgateway, "RoutePolicy", Standing::kRefused},
    {kKgateway, "HTTPListenerPolicy", Standing::kRefused},
    {kKgateway, "ListenerPolicy", Standing::kRefused},
    {kKgateway, "GatewayParameters", Standing::kRefused},
    {kKgateway, "GatewayExtension", Standing::kRefused},
    {"gateway.solo.io", "VirtualHostOption", Standing::kRefused},
    {"gateway.solo.io", "ListenerOption", Standing::kRefused},
    {"gateway.solo.io", "HttpListenerOption", Standing::kRefused},
    {"gateway.solo.io", "VirtualService", Standing::kRefused},
    {"gateway.solo.io", "RouteTable", Standing::kRefused},
    {"gateway.solo.io", "Gateway", Standing::kRefused},
    {"gateway.gloo.solo.io", "GatewayParameters", Standing::kRefused},
    {"enterprise.gloo.solo.io", "AuthConfig", Standing::kRefused},
    {"ratelimit.solo.io", "RateLimitConfig", Standing::kRefused},
};

// Kinds of the core group that stand in no manifest of a guide, but are no slips.
constexpr std::string_view kOtherCoreKinds[] = {"Binding", "ComponentStatus", "Event",
                                                "Node",    "PodTemplate",     "ReplicationController"};

constexpr std::array<std::string_view, 5> kGatewayGroups = {kGatewayApi, kExperimental, kKgateway, "gateway.solo.io",
                                                            kGloo};

// Groups whose kinds all matter: what is unknown there is a slip, not somebody else's.
bool is_closed_group(std::string_view group) {
  return group.empty() || group == "discovery.k8s.io" || group.ends_with(".solo.io") ||
         std::ranges::find(kGatewayGroups, group) != kGatewayGroups.end();
}

bool named(const KindInfo& info, std::string_view name) {
  if (base::equal_ignore_case(info.kind_name, name) || info.plural == name || info.singular == name) return true;
  return std::ranges::find(info.short_names, name) != info.short_names.end();
}

} // namespace

const std::vector<KindInfo>& kind_table() {
  static const std::vector<KindInfo> kTable = make_table();
  return kTable;
}

const KindInfo* find_kind(std::string_view group, std::string_view kind_name) {
  for (const KindInfo& info : kind_table()) {
    if (info.group == group && info.kind_name == kind_name) return &info;
  }
  return nullptr;
}

const KindInfo* find_alias(std::string_view alias) {
  std::string lowered = base::to_lower(alias);
  std::string_view name = lowered, group;
  if (size_t dot = name.find('.'); dot != std::string_view::npos) {
    group = name.substr(dot + 1);
    name = name.substr(0, dot);
  }
  for (const KindInfo& info : kind_table()) {
    if (named(info, name) && (group.empty() || info.group == group)) return &info;
  }
  return nullptr;
}

Standing standing_of(std::string_view group, std::string_view kind_name) {
  for (const Unbuilt& unbuilt : kUnbuilt) {
    if (unbuilt.group == group && unbuilt.kind_name == kind_name) return unbuilt.standing;
  }
  if (group.empty() && std::ranges::find(kOtherCoreKinds, kind_name) != std::end(kOtherCoreKinds))
    return Standing::kIgnored;
  return is_closed_group(group) || !nearest_group(group, kind_name).empty() ? Standing::kUnknown : Standing::kIgnored;
}

std::string nearest_kind(std::string_view group, std::string_view kind_name) {
  std::vector<std::string_view> names;
  for (const KindInfo& info : kind_table()) {
    if (info.group == group) names.push_back(info.kind_name);
  }
  for (const Unbuilt& unbuilt : kUnbuilt) {
    if (unbuilt.group == group) names.push_back(unbuilt.kind_name);
  }
  return std::string(base::nearest_name(kind_name, names));
}

std::string nearest_group(std::string_view group, std::string_view kind_name) {
  std::vector<std::string_view> groups;
  for (std::string_view known : kGatewayGroups) {
    if (known != group && find_kind(known, kind_name) != nullptr) groups.push_back(known);
  }
  return std::string(base::nearest_name(group, groups));
}

std::string group_of_namesake(std::string_view kind_name) {
  auto found = std::ranges::find_if(
      kind_table(), [&](const KindInfo& info) { return info.kind_name == kind_name && info.kind != Kind::kIgnored; });
  return found == kind_table().end() ? "" : found->group.empty() ? "the core group" : found->group;
}

std::string Identity::text() const {
  return namespace_name.empty() ? kind_name + " " + name : kind_name + " " + namespace_name + "/" + name;
}

} // namespace kgw::config
