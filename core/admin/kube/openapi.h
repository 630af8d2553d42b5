#pragma once
// OpenAPI documents without schemas: kubectl only looks in them whether PATCH takes `dryRun` and `fieldValidation`.

#include <string>
#include <string_view>
#include <vector>

#include "admin/control_plane.h"
#include "admin/json.h"

namespace kgw::admin::kube {

// kubectl up to 1.28 reads nothing but this protobuf form of /openapi/v2. The media type is written with dots only:
// Go's parser refuses the "@" that the same clients send in Accept.
inline constexpr std::string_view kOpenApiV2Type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
std::string openapi_v2(const std::vector<ResourceKind>& kinds);

Json openapi_v3_index(const std::vector<ResourceKind>& kinds);
// null when there is no such group and version.
Json openapi_v3(const std::vector<ResourceKind>& kinds, std::string_view group, std::string_view version);

} // namespace kgw::admin::kube
