#pragma once
// What `kubectl get` prints: the server makes the cells.

#include <string>
#include <vector>

#include "admin/control_plane.h"
#include "admin/json.h"

namespace kgw::admin::kube {

// How much of each object goes along with its row.
enum class RowObject : uint8_t { kMetadata, kObject, kNone };

Json table(const ResourceKind& kind, const std::vector<Json>& objects, const std::string& resource_version,
           RowObject row_object, int64_t now_s);

// The age of an RFC 3339 stamp as Kubernetes writes it: 5s, 3m20s, 4h, 2d3h. "<unknown>" when the stamp is not
// readable.
std::string age_text(const std::string& created, int64_t now_s);

// The value of a column: see ResourceKind::Column.
Json cell(const Json& object, std::string_view pointer);

} // namespace kgw::admin::kube
