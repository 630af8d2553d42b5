#pragma once
// GET of one object and of a collection.

#include "admin/control_plane.h"
#include "admin/kube/call.h"

namespace kgw::admin::kube {

Response get(const ControlPlane& plane, const Call& call);
Response list(const ControlPlane& plane, const Call& call);

} // namespace kgw::admin::kube
