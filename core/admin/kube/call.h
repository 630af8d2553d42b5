#pragma once
// A request to a resource after its path was understood.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "admin/control_plane.h"
#include "admin/message.h"
#include "admin/url.h"

namespace kgw::admin::kube {

struct Call {
  Request request;
  Query query;
  ResourceKind kind;
  ResourceId id;           // an empty name: the collection
  std::string subresource; // "" or "status"
  int64_t now_s = 0;       // Unix time of the request: ages in tables

  std::string api_version() const; // GROUP/VERSION, or VERSION of the core group
  std::string resource() const;    // PLURAL.GROUP, or PLURAL of the core group
  bool collection() const { return id.name.empty(); }
};

bool serves(const ResourceKind& kind, std::string_view group, std::string_view version);

// What a path behind /api or /apis names.
struct Place {
  std::string group, version;
  const ResourceKind* kind = nullptr; // null: only a group and version were named
  std::string namespace_name, name, subresource;
};

// `rest` are the segments behind the version. Empty when nothing is there.
std::optional<Place> find_place(const std::vector<ResourceKind>& kinds, std::string_view group,
                                std::string_view version, std::span<const std::string> rest);

} // namespace kgw::admin::kube
