#pragma once
// A store with a clock under the test's hand, and short ways to ask what translation made of its objects.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/conditions.h"
#include "config/store.h"

namespace kgw::config::test {

inline Identity identity(const std::string& alias, const std::string& namespace_name, const std::string& name) {
  const KindInfo* info = find_alias(alias);
  EXPECT_NE(info, nullptr) << alias;
  return {info->kind, info->group, info->kind_name, namespace_name, name};
}

struct World {
  int64_t now_us = 1'700'000'000'000'000;
  Store store{[this] { return now_us; }, 1};
  TranslateOptions options;
  snapshot::Spec spec;
  std::vector<Diagnostic> warnings;

  // Applies documents that must be good.
  void apply(const std::string& text) {
    for (const ApplyResult& result : store.apply_text(text, "<text>", "", false)) {
      if (result.outcome != Outcome::kRejected) continue;
      for (const Diagnostic& problem : result.problems) ADD_FAILURE() << problem.line();
    }
  }
  void translate() {
    Store::Translation translation = store.translate(options);
    spec = std::move(translation.spec);
    warnings = std::move(translation.warnings);
  }
  void load(const std::string& text) {
    apply(text);
    translate();
  }

  const StoredObject& object(const std::string& alias, const std::string& namespace_name, const std::string& name) {
    const StoredObject* found = store.get(identity(alias, namespace_name, name));
    if (found == nullptr) throw std::runtime_error("no " + alias + " " + namespace_name + "/" + name);
    return *found;
  }
  // "Accepted=True Accepted" and so on: the conditions of a status, of one of its parents, ancestors or listeners.
  static std::string text(const nlohmann::json& conditions, const std::string& type) {
    for (const auto& condition : conditions) {
      if (condition["type"] == type)
        return condition["status"].get<std::string>() + " " + condition["reason"].get<std::string>();
    }
    return "absent";
  }
  std::string gateway(const std::string& name, const std::string& type) {
    return text(object("gateway", "infra", name).status["conditions"], type);
  }
  std::string listener(const std::string& gateway_name, const std::string& name, const std::string& type) {
    return text(conditions_of(object("gateway", "infra", gateway_name).status["listeners"], "name", name), type);
  }
  std::string route(const std::string& name, const std::string& type, size_t parent = 0) {
    const auto& parents = object("httproute", "app", name).status["parents"];
    return parent < parents.size() ? text(parents[parent]["conditions"], type) : "no parent";
  }
  // What a policy's status says about its nth ancestor.
  std::string ancestor(const Identity& policy, const std::string& type, size_t index = 0) {
    const StoredObject* found = store.get(policy);
    if (found == nullptr) throw std::runtime_error("no " + policy.text());
    const auto& ancestors = found->status["ancestors"];
    return index < ancestors.size() ? text(ancestors[index]["conditions"], type) : "no ancestor";
  }
  int attached(const std::string& gateway_name, const std::string& name) {
    for (const auto& item : object("gateway", "infra", gateway_name).status["listeners"]) {
      if (item["name"] == name) return item["attachedRoutes"];
    }
    return -1;
  }
  // The action of the first rule of this name: NAMESPACE/ROUTE/RULE.
  const snapshot::ActionSpec& action(const std::string& rule) {
    for (const auto& made : spec.actions) {
      if (made.rule == rule) return made;
    }
    throw std::runtime_error("no action " + rule);
  }
  const snapshot::ListenerSpec& bound(const std::string& full_name) {
    for (const auto& made : spec.listeners) {
      if (made.routes.name == full_name) return made;
    }
    throw std::runtime_error("no listener " + full_name);
  }
  std::vector<std::string> warning_lines() const {
    std::vector<std::string> lines;
    for (const Diagnostic& warning : warnings) lines.push_back(warning.line());
    return lines;
  }
};

// Documents that most tests need.
inline const char* kGateway = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: any
  listeners:
  - {name: http, port: 8080, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
---
)";
inline const char* kService = R"(
apiVersion: v1
kind: Service
metadata: {name: svc, namespace: app}
spec: {ports: [{name: web, port: 80, targetPort: 8080}, {name: admin, port: 81}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: svc-1, namespace: app, labels: {kubernetes.io/service-name: svc}}
addressType: IPv4
ports: [{name: web, port: 18080}]
endpoints: [{addresses: ["127.0.0.1"]}, {addresses: ["127.0.0.2"], conditions: {ready: false}}]
---
)";
// A route of namespace app with one rule; `rule` is its YAML in flow style.
inline std::string route_of(const std::string& name, const std::string& rule, const std::string& extra = "") {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: " + name +
         ", namespace: app}\nspec:\n" + "  parentRefs: [{name: gw, namespace: infra}]\n" + extra + "  rules: [" + rule +
         "]\n---\n";
}
inline std::string option_of(const std::string& name, const std::string& spec) {
  return "apiVersion: gateway.solo.io/v1\nkind: RouteOption\nmetadata: {name: " + name +
         ", namespace: app}\nspec: " + spec + "\n---\n";
}
// A document of a policy kind; `spec` is in flow style, without its braces.
inline std::string policy_of(const std::string& api_version, const std::string& kind, const std::string& metadata,
                             const std::string& spec) {
  return "apiVersion: " + api_version + "\nkind: " + kind + "\nmetadata: " + metadata + "\nspec: {" + spec + "}\n---\n";
}
inline std::string traffic_of(const std::string& name, const std::string& spec,
                              const std::string& namespace_name = "app") {
  return policy_of("gateway.kgateway.dev/v1alpha1", "TrafficPolicy",
                   "{name: " + name + ", namespace: " + namespace_name + "}", spec);
}
// targetRefs of one object: `kind` of the Gateway API, optionally with a section.
inline std::string targets_of(const std::string& kind, const std::string& name, const std::string& section = "") {
  return "targetRefs: [{group: gateway.networking.k8s.io, kind: " + kind + ", name: " + name +
         (section.empty() ? "" : ", sectionName: " + section) + "}], ";
}
inline std::string filter_of(const std::string& name, const std::string& kind = "RouteOption",
                             const std::string& group = "gateway.solo.io") {
  return "{type: ExtensionRef, extensionRef: {group: " + group + ", kind: " + kind + ", name: " + name + "}}";
}
inline const char* kToService = "backendRefs: [{name: svc, port: 80}]";

} // namespace kgw::config::test
