#include "admin/kube/call.h"

#include <algorithm>

namespace kgw::admin::kube {

namespace {

const ResourceKind* find_kind(const std::vector<ResourceKind>& kinds, const Place& place, std::string_view plural) {
  auto found = std::ranges::find_if(kinds, [&](const ResourceKind& kind) {
    return kind.plural == plural && serves(kind, place.group, place.version);
  });
  return found == kinds.end() ? nullptr : &*found;
}

// `tail` is what stands behind the plural: nothing, a name, or a name and a subresource.
bool take_name(Place& place, std::span<const std::string> tail) {
  if (tail.size() > 2) return false;
  if (!tail.empty()) place.name = tail[0];
  if (tail.size() == 2) place.subresource = tail[1];
  return place.subresource.empty() || place.subresource == "status";
}

} // namespace

bool serves(const ResourceKind& kind, std::string_view group, std::string_view version) {
  return kind.group == group && std::ranges::find(kind.versions, version) != kind.versions.end();
}

std::string Call::api_version() const { return kind.group.empty() ? id.version : kind.group + "/" + id.version; }

std::string Call::resource() const { return kind.group.empty() ? kind.plural : kind.plural + "." + kind.group; }

std::optional<Place> find_place(const std::vector<ResourceKind>& kinds, std::string_view group,
                                std::string_view version, std::span<const std::string> rest) {
  Place place{.group = std::string(group), .version = std::string(version)};
  if (rest.empty()) return place;
  bool in_namespace = rest.size() >= 3 && rest[0] == "namespaces";
  if (in_namespace) place.kind = find_kind(kinds, place, rest[2]);
  if (place.kind != nullptr && place.kind->namespaced) {
    place.namespace_name = rest[1];
    if (!take_name(place, rest.subspan(3))) return std::nullopt;
    return place;
  }
  place.kind = find_kind(kinds, place, rest[0]);
  if (place.kind == nullptr || !take_name(place, rest.subspan(1))) return std::nullopt;
  // Objects in namespaces are named with their namespace alone; without it there is only the list over all of them.
  if (place.kind->namespaced && !place.name.empty()) return std::nullopt;
  return place;
}

} // namespace kgw::admin::kube
