#pragma once
// Strategic merge patches: what kubectl sends for the kinds whose Go types it has.

#include <string_view>

#include "admin/json.h"

namespace kgw::admin::kube {

// A merge patch in which the lists of a table merge by key, and which has directives ($patch, $setElementOrder/LIST,
// $deleteFromPrimitiveList/LIST; others are ignored). `kind` selects the table.
Json strategic_merge(Json target, const Json& patch, std::string_view kind);

} // namespace kgw::admin::kube
