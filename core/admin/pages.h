#pragma once
// The paths beside Kubernetes' own: Envoy's admin pages and the views under /kgw/v1. All are GET.

#include <optional>

#include "admin/control_plane.h"
#include "admin/message.h"

namespace kgw::admin {

// Empty when there is no such page, or nothing behind it.
std::optional<Response> page(const ControlPlane& plane, const Request& request);

} // namespace kgw::admin
