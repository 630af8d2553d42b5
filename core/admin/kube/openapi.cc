#include "admin/kube/openapi.h"

#include "admin/kube/call.h"
#include "admin/kube/discovery.h"

namespace kgw::admin::kube {

namespace {

// A length-delimited protobuf field.
void add_field(std::string& out, unsigned number, std::string_view bytes) {
  auto varint = [&out](size_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
    out += static_cast<char>(value);
  };
  varint(number << 3 | 2);
  varint(bytes.size());
  out += bytes;
}

std::string field(unsigned number, std::string_view bytes) {
  std::string out;
  add_field(out, number, bytes);
  return out;
}

Json kind_json(const ResourceKind& kind, std::string_view version) {
  return {{"group", kind.group}, {"version", version}, {"kind", kind.kind}};
}

std::string path_of(const ResourceKind& kind, std::string_view version) {
  std::string prefix = kind.group.empty() ? "/api/" : "/apis/";
  return prefix + group_version(kind.group, version) + (kind.namespaced ? "/namespaces/{namespace}/" : "/") +
         kind.plural + "/{name}";
}

// Numbers of openapi_v2.proto: ParametersItem.parameter = 1, Parameter.non_body_parameter = 2,
// NonBodyParameter.query_parameter_sub_schema = 3 { in = 2, name = 4 }.
std::string query_parameter(std::string_view name) {
  return field(1, field(2, field(3, field(2, "query") + field(4, name))));
}

// Paths.path = 2 { name = 1, PathItem = 2 }, PathItem.patch = 8, Operation { parameters = 8, vendor_extension = 13 {
// name = 1, Any = 2 { yaml = 2 } } }.
std::string path_item(const ResourceKind& kind, std::string_view version) {
  std::string extension =
      field(1, "x-kubernetes-group-version-kind") + field(2, field(2, dump(kind_json(kind, version))));
  std::string patch =
      field(8, query_parameter("dryRun")) + field(8, query_parameter("fieldValidation")) + field(13, extension);
  return field(2, field(1, path_of(kind, version)) + field(2, field(8, patch)));
}

std::string index_key(const Group& group, const std::string& version) {
  return (group.name.empty() ? "api/" : "apis/") + group_version(group.name, version);
}

} // namespace

// Document { swagger = 1, paths = 8 }.
std::string openapi_v2(const std::vector<ResourceKind>& kinds) {
  std::string paths;
  for (const ResourceKind& kind : kinds) {
    for (const std::string& version : kind.versions) paths += path_item(kind, version);
  }
  return field(1, "2.0") + field(8, paths);
}

Json openapi_v3_index(const std::vector<ResourceKind>& kinds) {
  Json paths = Json::object();
  for (const Group& group : groups_of(kinds)) {
    for (const std::string& version : group.versions) {
      std::string key = index_key(group, version);
      paths[key] = {{"serverRelativeURL", "/openapi/v3/" + key}};
    }
  }
  return {{"paths", std::move(paths)}};
}

Json openapi_v3(const std::vector<ResourceKind>& kinds, std::string_view group, std::string_view version) {
  Json paths = Json::object();
  Json parameters = {{{"name", "dryRun"}, {"in", "query"}}, {{"name", "fieldValidation"}, {"in", "query"}}};
  for (const ResourceKind& kind : kinds) {
    if (!serves(kind, group, version)) continue;
    Json patch{{"x-kubernetes-group-version-kind", kind_json(kind, version)},
               {"parameters", parameters},
               {"responses", Json::object()}};
    paths[path_of(kind, version)] = {{"patch", std::move(patch)}};
  }
  if (paths.empty()) return nullptr;
  return {{"openapi", "3.0.0"},
          {"info", {{"title", "kgwcore"}, {"version", "1"}}},
          {"components", {{"schemas", Json::object()}}},
          {"paths", std::move(paths)}};
}

} // namespace kgw::admin::kube
