#pragma once
// The four ways to patch, as functions of the stored object and the patch.

#include <expected>
#include <string_view>

#include "admin/json.h"
#include "admin/kube/call.h"

namespace kgw::admin::kube {

inline constexpr std::string_view kMergePatch = "application/merge-patch+json";
inline constexpr std::string_view kJsonPatch = "application/json-patch+json";
inline constexpr std::string_view kStrategicPatch = "application/strategic-merge-patch+json";
inline constexpr std::string_view kApplyPatch = "application/apply-patch+yaml";

// The media type of the body, in lower case and without parameters.
std::string media_type(const Request& request);

// The patched object, or the answer that says why there is none: 400, 415, 422. `stored` is the object as GET shows it;
// for an apply patch it may be null.
std::expected<Json, Response> patched(const Call& call, const Json& stored);

} // namespace kgw::admin::kube
