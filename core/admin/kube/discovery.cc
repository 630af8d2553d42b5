#include "admin/kube/discovery.h"

#include <algorithm>

#include "admin/kube/call.h"

namespace kgw::admin::kube {

namespace {

Json group_json(const Group& group) {
  Json versions = Json::array();
  for (const std::string& version : group.versions) {
    versions.push_back({{"groupVersion", group_version(group.name, version)}, {"version", version}});
  }
  Json preferred = versions.front();
  return {{"name", group.name}, {"versions", std::move(versions)}, {"preferredVersion", std::move(preferred)}};
}

// `kubectl get all` shows the kinds of this category: what users write, not what stands behind it.
bool shown_by_all(const ResourceKind& kind) {
  return kind.ours && kind.namespaced && (!kind.built_in || kind.kind == "Service");
}

void add_resource(Json& resources, const ResourceKind& kind) {
  Json entry{{"name", kind.plural},
             {"singularName", kind.singular},
             {"namespaced", kind.namespaced},
             {"kind", kind.kind},
             {"verbs", {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}}};
  if (!kind.short_names.empty()) entry["shortNames"] = kind.short_names;
  if (shown_by_all(kind)) entry["categories"] = {"all"};
  resources.push_back(std::move(entry));
  resources.push_back({{"name", kind.plural + "/status"},
                       {"singularName", ""},
                       {"namespaced", kind.namespaced},
                       {"kind", kind.kind},
                       {"verbs", {"get"}}});
}

} // namespace

std::vector<Group> groups_of(const std::vector<ResourceKind>& kinds) {
  std::vector<Group> groups;
  for (const ResourceKind& kind : kinds) {
    auto group = std::ranges::find(groups, kind.group, &Group::name);
    if (group == groups.end()) group = groups.insert(groups.end(), {kind.group, {}});
    for (const std::string& version : kind.versions) {
      if (std::ranges::find(group->versions, version) == group->versions.end()) group->versions.push_back(version);
    }
  }
  return groups;
}

std::string group_version(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
}

Json api_versions(const std::vector<ResourceKind>& kinds) {
  Json versions = Json::array();
  for (const Group& group : groups_of(kinds)) {
    if (group.name.empty()) versions = group.versions;
  }
  return {{"kind", "APIVersions"}, {"versions", std::move(versions)}};
}

Json api_groups(const std::vector<ResourceKind>& kinds) {
  Json groups = Json::array();
  for (const Group& group : groups_of(kinds)) {
    if (!group.name.empty()) groups.push_back(group_json(group));
  }
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}};
}

Json api_group(const std::vector<ResourceKind>& kinds, std::string_view name) {
  for (const Group& group : groups_of(kinds)) {
    if (group.name.empty() || group.name != name) continue;
    Json json = group_json(group);
    json["kind"] = "APIGroup";
    json["apiVersion"] = "v1";
    return json;
  }
  return nullptr;
}

Json api_resources(const std::vector<ResourceKind>& kinds, std::string_view group, std::string_view version) {
  Json resources = Json::array();
  for (const ResourceKind& kind : kinds) {
    if (serves(kind, group, version)) add_resource(resources, kind);
  }
  if (resources.empty()) return nullptr;
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", group_version(group, version)},
          {"resources", std::move(resources)}};
}

// The version of Kubernetes whose conventions are spoken. kubectl wants a semantic version.
Json version_info() {
  return {{"major", "1"},    {"minor", "34"},      {"gitVersion", "v1.34.0+kgwcore"},
          {"gitCommit", ""}, {"gitTreeState", ""}, {"buildDate", "1970-01-01T00:00:00Z"},
          {"goVersion", ""}, {"compiler", "g++"},  {"platform", "linux"}};
}

} // namespace kgw::admin::kube
