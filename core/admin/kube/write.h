#pragma once
// POST, PUT and PATCH: from a body to one whole object, and from the control plane's outcome to an answer.

#include <expected>

#include "admin/control_plane.h"
#include "admin/json.h"
#include "admin/kube/call.h"
#include "base/random.h"

namespace kgw::admin::kube {

// `plane` outlives `done`; `call` need not.
void create(const ControlPlane& plane, Call call, base::Random& random, Done done);
void replace(const ControlPlane& plane, Call call, Done done);
void patch(const ControlPlane& plane, Call call, Done done);

Response render_outcome(const Call& call, const WriteOutcome& outcome);

} // namespace kgw::admin::kube
