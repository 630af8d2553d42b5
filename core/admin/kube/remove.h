#pragma once
// DELETE of one object and of a collection.

#include "admin/control_plane.h"
#include "admin/kube/call.h"

namespace kgw::admin::kube {

// `plane` outlives `done`. Options come as query parameters and in the body (kubectl's dry run is in the body).
void remove(const ControlPlane& plane, Call call, Done done);
void remove_collection(const ControlPlane& plane, Call call, Done done);

} // namespace kgw::admin::kube
