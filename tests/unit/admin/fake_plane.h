#pragma once
// A control plane over a map: what the resource tree is tested against. It knows no kind's meaning; an object with
// `spec.bad` is invalid, one with `spec.risky` is warned about, and unknown top-level members are refused as unknown
// fields.

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "admin/control_plane.h"
#include "admin/json.h"

namespace kgw::test {

class FakePlane {
 public:
  using Key = std::tuple<std::string, std::string, std::string>; // kind, namespace, name
  using Json = nlohmann::json;

  FakePlane() {
    plane.kinds = [] { return kinds(); };
    plane.get = [this](const admin::ResourceId& id) { return get(id); };
    plane.list = [this](const admin::ResourceId& id) { return list(id); };
    plane.resource_version = [this] { return version; };
    plane.write = [this](admin::ControlPlane::Write write, auto done) { finish(std::move(done), store(write)); };
    plane.remove = [this](const admin::ControlPlane::Remove& remove, auto done) {
      finish(std::move(done), erase(remove));
    };
    plane.changes_after = [this](const admin::ResourceId& id, uint64_t after, auto& out) {
      return changes(id, after, out);
    };
  }

  static std::vector<admin::ResourceKind> kinds() {
    const std::string gateway = "gateway.networking.k8s.io";
    return {
        {.versions = {"v1"},
         .kind = "Namespace",
         .plural = "namespaces",
         .singular = "namespace",
         .short_names = {"ns"},
         .namespaced = false,
         .built_in = true},
        {.versions = {"v1"},
         .kind = "Service",
         .plural = "services",
         .singular = "service",
         .short_names = {"svc"},
         .built_in = true},
        {.versions = {"v1"}, .kind = "Secret", .plural = "secrets", .singular = "secret", .built_in = true},
        {.versions = {"v1"},
         .kind = "ServiceAccount",
         .plural = "serviceaccounts",
         .singular = "serviceaccount",
         .short_names = {"sa"},
         .ours = false,
         .built_in = true},
        {.group = "apps",
         .versions = {"v1"},
         .kind = "Deployment",
         .plural = "deployments",
         .singular = "deployment",
         .short_names = {"deploy"},
         .ours = false,
         .built_in = true},
        {.group = gateway,
         .versions = {"v1", "v1beta1"},
         .kind = "Gateway",
         .plural = "gateways",
         .singular = "gateway",
         .short_names = {"gtw"},
         .columns = {{"Class", "/spec/gatewayClassName"}, {"Programmed", "/status/conditions/type=Programmed/status"}}},
        {.group = gateway,
         .versions = {"v1", "v1beta1"},
         .kind = "HTTPRoute",
         .plural = "httproutes",
         .singular = "httproute",
         .columns = {{"Hostnames", "/spec/hostnames/*"}, {"Parents", "/spec/parentRefs/*/name", 1}}},
        {.group = gateway,
         .versions = {"v1"},
         .kind = "GatewayClass",
         .plural = "gatewayclasses",
         .singular = "gatewayclass",
         .short_names = {"gc"},
         .namespaced = false},
        {.group = "gateway.kgateway.dev",
         .versions = {"v1alpha1"},
         .kind = "RouteOption",
         .plural = "routeoptions",
         .singular = "routeoption"},
        {.group = "apiextensions.k8s.io",
         .versions = {"v1"},
         .kind = "CustomResourceDefinition",
         .plural = "customresourcedefinitions",
         .singular = "customresourcedefinition",
         .short_names = {"crd"},
         .namespaced = false,
         .ours = false,
         .built_in = true},
    };
  }

  // Puts an object into the store as a write would, without a request.
  Json put(const std::string& kind, const std::string& api_version, const std::string& name_space,
           const std::string& name, Json rest = Json::object()) {
    rest["kind"] = kind;
    rest["apiVersion"] = api_version;
    rest["metadata"]["name"] = name;
    if (!name_space.empty()) rest["metadata"]["namespace"] = name_space;
    size_t slash = api_version.find('/');
    admin::ResourceId id{slash == std::string::npos ? "" : api_version.substr(0, slash), api_version.substr(slash + 1),
                         kind, name_space, name};
    return store({.id = id, .object = rest}).object;
  }

  // Answers of writes wait here while `hold` is set.
  void release() {
    auto waiting = std::exchange(held, {});
    for (auto& [done, outcome] : waiting) done(std::move(outcome));
  }

  admin::ControlPlane plane;
  uint64_t version = 100, oldest = 100;
  bool hold = false;
  std::vector<std::pair<std::move_only_function<void(admin::WriteOutcome)>, admin::WriteOutcome>> held;
  std::map<Key, Json> objects;

 private:
  using Status = admin::WriteOutcome::Status;
  struct Change {
    uint64_t version;
    std::string type, kind;
    Json object;
  };

  static Key key(const admin::ResourceId& id) { return {id.kind, id.namespace_name, id.name}; }
  static Json shown(Json object, const admin::ResourceId& id) {
    object["apiVersion"] = id.group.empty() ? id.version : id.group + "/" + id.version;
    return object;
  }

  void finish(std::move_only_function<void(admin::WriteOutcome)> done, admin::WriteOutcome outcome) {
    if (hold) {
      held.emplace_back(std::move(done), std::move(outcome));
    } else {
      done(std::move(outcome));
    }
  }

  Json get(const admin::ResourceId& id) {
    auto found = objects.find(key(id));
    if (found != objects.end()) return shown(found->second, id);
    if (id.kind != "Namespace") return nullptr;
    for (const Json& space : namespaces()) {
      if (space["metadata"]["name"] == id.name) return space;
    }
    return nullptr;
  }

  std::vector<Json> namespaces() {
    std::map<std::string, Json> found;
    auto add = [&](const std::string& name) {
      found.emplace(name, Json{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}});
    };
    for (const auto& [at, object] : objects) {
      if (std::get<0>(at) == "Namespace") found[std::get<2>(at)] = object;
    }
    add("default");
    for (const auto& [at, object] : objects) {
      if (!std::get<1>(at).empty()) add(std::get<1>(at));
    }
    std::vector<Json> result;
    for (auto& [name, object] : found) result.push_back(std::move(object));
    return result;
  }

  std::vector<Json> list(const admin::ResourceId& id) {
    if (id.kind == "Namespace") return namespaces();
    std::vector<Json> result;
    for (const auto& [at, object] : objects) {
      if (std::get<0>(at) == id.kind && (id.namespace_name.empty() || std::get<1>(at) == id.namespace_name))
        result.push_back(shown(object, id));
    }
    return result;
  }

  std::vector<admin::Problem> check(admin::ControlPlane::Write& write) {
    std::vector<admin::Problem> problems;
    Json& object = write.object;
    if (object.contains("spec") && object["spec"].contains("bad"))
      problems.push_back({false, "FieldValueInvalid", "spec.bad", "invalid value: got true"});
    if (object.contains("spec") && object["spec"].contains("risky"))
      problems.push_back({true, "", "spec.risky", "is \"risky\""});
    for (auto member = object.begin(); member != object.end();) {
      static const std::vector<std::string> known{"apiVersion", "kind",       "metadata", "spec",
                                                  "data",       "stringData", "type"};
      if (std::find(known.begin(), known.end(), member.key()) != known.end()) {
        ++member;
        continue;
      }
      bool strict = write.field_validation == "Strict";
      problems.push_back({!strict, "FieldValueInvalid", member.key(),
                          "strict decoding error: unknown field \"" + member.key() + "\""});
      member = object.erase(member);
    }
    return problems;
  }

  admin::WriteOutcome store(admin::ControlPlane::Write write) {
    admin::WriteOutcome outcome{.status = Status::kUnchanged, .problems = check(write)};
    for (const auto& problem : outcome.problems) {
      if (!problem.warning) return {.status = Status::kInvalid, .problems = outcome.problems};
    }
    auto found = objects.find(key(write.id));
    bool exists = found != objects.end();
    if (exists && write.create_only) return {.status = Status::kAlreadyExists};
    if (!write.expected_resource_version.empty() &&
        (!exists || found->second["metadata"]["resourceVersion"] != write.expected_resource_version))
      return {.status = Status::kConflict};
    Json& metadata = write.object["metadata"];
    Json stored = exists ? found->second : Json();
    for (const char* server : {"uid", "creationTimestamp", "generation", "resourceVersion"}) {
      if (exists) metadata[server] = stored["metadata"][server];
    }
    if (!exists) {
      metadata["uid"] = "uid-" + std::to_string(version + 1);
      metadata["creationTimestamp"] = "2026-11-24T22:50:15Z";
      metadata["generation"] = 1;
    }
    if (!exists || write.object != stored) {
      outcome.status = exists ? Status::kUpdated : Status::kCreated;
      metadata["resourceVersion"] = std::to_string(version + 1);
      if (!write.dry_run) {
        objects[key(write.id)] = write.object;
        log.push_back({++version, exists ? "MODIFIED" : "ADDED", write.id.kind, write.object});
      }
    }
    outcome.object = shown(write.object, write.id);
    return outcome;
  }

  admin::WriteOutcome erase(const admin::ControlPlane::Remove& remove) {
    auto found = objects.find(key(remove.id));
    if (found == objects.end()) return {.status = Status::kNotFound};
    Json object = shown(found->second, remove.id);
    if (!remove.uid.empty() && object["metadata"]["uid"] != remove.uid) return {.status = Status::kConflict};
    if (!remove.resource_version.empty() && object["metadata"]["resourceVersion"] != remove.resource_version)
      return {.status = Status::kConflict};
    if (!remove.dry_run) {
      objects.erase(found);
      Json last = object;
      last["metadata"]["resourceVersion"] = std::to_string(++version);
      log.push_back({version, "DELETED", remove.id.kind, last});
    }
    return {.status = Status::kDeleted, .object = object};
  }

  bool changes(const admin::ResourceId& id, uint64_t after, std::vector<std::pair<std::string, Json>>& out) {
    if (after < oldest) return false;
    for (const Change& change : log) {
      bool here = id.namespace_name.empty() || change.object["metadata"].value("namespace", "") == id.namespace_name;
      if (change.version > after && change.kind == id.kind && here)
        out.emplace_back(change.type, shown(change.object, id));
    }
    return true;
  }

  std::vector<Change> log;
};

} // namespace kgw::test
