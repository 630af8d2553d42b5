#pragma once
// Everything that is served at the admin address, as a function from request to answer.

#include <cstdint>
#include <functional>

#include "admin/control_plane.h"
#include "admin/guard.h"
#include "admin/kube/api.h"
#include "admin/message.h"

namespace kgw::admin {

class Site {
 public:
  // `plane` outlives the Site and every answer's stream. `wall_s`: Unix time. `seed`: for names that are to be made up.
  Site(const ControlPlane& plane, Guard guard, std::function<int64_t()> wall_s, uint64_t seed);
  // `done` is called once, from inside or later; it may outlive the Site.
  void handle(Request request, Done done);

 private:
  const ControlPlane& plane_;
  Guard guard_;
  kube::Api api_;
};

} // namespace kgw::admin
