#include "admin/kube/object.h"

#include <fmt/format.h>

#include "admin/kube/patch.h"
#include "admin/kube/protobuf.h"
#include "admin/kube/status.h"

namespace kgw::admin::kube {

namespace {

// A null is as good as nothing: `"creationTimestamp": null` stands in every manifest that Go programs write.
void drop_nulls(Json& object) {
  for (auto member = object.begin(); member != object.end();) {
    member = member->is_null() ? object.erase(member) : std::next(member);
  }
}

// Sets a text that is absent; a text that differs from the URL's is refused.
std::optional<Response> settle(Json& object, const char* key, const std::string& wanted, std::string_view what) {
  auto found = object.find(key);
  if (found == object.end() || found->is_null() || *found == "") {
    object[key] = wanted;
    return std::nullopt;
  }
  if (*found == wanted) return std::nullopt;
  std::string given = found->is_string() ? found->get<std::string>() : dump(*found);
  return bad_request(fmt::format("the {} of the provided object ({}) does not match the one of the request ({})", what,
                                 given, wanted));
}

} // namespace

std::expected<Json, Response> read_object(const Call& call) {
  std::string type = media_type(call.request);
  if (type == kProtobufType && call.kind.group.empty()) {
    if (auto object = object_from_protobuf(call.request.body, call.kind.kind)) return *std::move(object);
  }
  if (!type.empty() && type != "application/json") return std::unexpected(unsupported_media_type("application/json"));
  auto object = parse_json(call.request.body);
  if (!object) return std::unexpected(bad_request("the body of the request is not JSON, or nested too deeply"));
  if (!object->is_object()) return std::unexpected(bad_request("the body of the request is not a JSON object"));
  return *std::move(object);
}

std::optional<Response> settle_identity(const Call& call, Json& object) {
  if (!object.is_object()) return bad_request("the result is not an object");
  drop_nulls(object);
  Json& metadata = object["metadata"];
  if (metadata.is_null()) metadata = Json::object();
  if (!metadata.is_object()) return bad_request("metadata is not an object");
  drop_nulls(metadata);
  if (auto refusal = settle(object, "apiVersion", call.api_version(), "apiVersion")) return refusal;
  if (auto refusal = settle(object, "kind", call.kind.kind, "kind")) return refusal;
  if (!call.collection()) {
    if (auto refusal = settle(metadata, "name", call.id.name, "name")) return refusal;
  }
  if (call.kind.namespaced) return settle(metadata, "namespace", call.id.namespace_name, "namespace");
  metadata.erase("namespace");
  return std::nullopt;
}

std::string take_server_fields(Json& object) {
  object.erase("status");
  Json& metadata = object["metadata"];
  std::string resource_version = text_at(metadata, {"resourceVersion"});
  for (const char* key : {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink",
                          "finalizers", "ownerReferences", "generateName"}) {
    metadata.erase(key);
  }
  return resource_version;
}

} // namespace kgw::admin::kube
