#include "admin/site.h"

#include "admin/kube/status.h"
#include "admin/pages.h"
#include "admin/url.h"

namespace kgw::admin {

Site::Site(const ControlPlane& plane, Guard guard, std::function<int64_t()> wall_s, uint64_t seed)
    : plane_(plane), guard_(std::move(guard)), api_(plane, std::move(wall_s), seed) {}

void Site::handle(Request request, Done done) {
  if (auto refusal = guard_.refuse(request)) return done(*std::move(refusal));
  auto segments = path_segments(request.path);
  if (!segments) return done(kube::bad_request("the path of the request is malformed"));
  if (segments->empty()) return done(kube::unknown_path());
  if (kube::Api::owns(segments->front())) return api_.handle(std::move(request), *segments, std::move(done));
  auto found = page(plane_, request);
  done(found ? *std::move(found) : kube::unknown_path());
}

} // namespace kgw::admin
