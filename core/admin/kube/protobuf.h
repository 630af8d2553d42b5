#pragma once
// `kubectl create namespace|secret|service|...` of 1.32 and later posts Kubernetes' protobuf and nothing else.

#include <optional>
#include <string_view>

#include "admin/json.h"

namespace kgw::admin::kube {

inline constexpr std::string_view kProtobufType = "application/vnd.kubernetes.protobuf";

// The object as JSON. Empty when the body is broken or of a kind that cannot be read (Namespace, Secret, Service,
// ConfigMap and ServiceAccount can). Fields that have their type's zero value are left out, as they are in JSON.
std::optional<Json> object_from_protobuf(std::string_view body, std::string_view kind);

} // namespace kgw::admin::kube
