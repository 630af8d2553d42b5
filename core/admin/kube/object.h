#pragma once
// An object that a client sent, before it is stored.

#include <expected>
#include <optional>

#include "admin/json.h"
#include "admin/kube/call.h"

namespace kgw::admin::kube {

// The body of a POST or PUT: JSON, said so or not said at all, or Kubernetes' protobuf of some core kinds. Else 400 or
// 415.
std::expected<Json, Response> read_object(const Call& call);

// Fills in what the URL says (apiVersion, kind, namespace, and the name unless the URL names a collection) and refuses
// what contradicts it (400).
std::optional<Response> settle_identity(const Call& call, Json& object);

// Takes away what belongs to the server or has no meaning without a cluster. Returns metadata.resourceVersion.
std::string take_server_fields(Json& object);

} // namespace kgw::admin::kube
