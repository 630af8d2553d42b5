#pragma once
// What kubectl asks first: which groups, versions and kinds there are.

#include <string_view>
#include <vector>

#include "admin/control_plane.h"
#include "admin/json.h"

namespace kgw::admin::kube {

// Groups and their versions in the order in which the kinds name them: the first is the preferred one.
struct Group {
  std::string name;
  std::vector<std::string> versions;
};
std::vector<Group> groups_of(const std::vector<ResourceKind>& kinds);
std::string group_version(std::string_view group, std::string_view version);

Json api_versions(const std::vector<ResourceKind>& kinds);                      // /api
Json api_groups(const std::vector<ResourceKind>& kinds);                        // /apis
Json api_group(const std::vector<ResourceKind>& kinds, std::string_view group); // /apis/GROUP; null when absent
// /api/v1, /apis/GROUP/VERSION; null when absent.
Json api_resources(const std::vector<ResourceKind>& kinds, std::string_view group, std::string_view version);
Json version_info(); // /version

} // namespace kgw::admin::kube
