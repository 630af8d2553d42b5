#include "admin/kube/read.h"

#include "admin/kube/render.h"
#include "admin/kube/selector.h"
#include "admin/kube/status.h"

namespace kgw::admin::kube {

Response get(const ControlPlane& plane, const Call& call) {
  if (!plane.get) return unknown_path();
  Json object = plane.get(call.id);
  return object.is_null() ? object_not_found(call) : render_object(call, 200, object);
}

Response list(const ControlPlane& plane, const Call& call) {
  if (!plane.list) return unknown_path();
  auto selector = Selector::parse(call.query.get("labelSelector"), call.query.get("fieldSelector"));
  if (!selector) return bad_request(selector.error().text);
  std::vector<Json> objects = plane.list(call.id);
  std::erase_if(objects, [&](const Json& object) { return !selector->matches(object); });
  return render_list(call, std::move(objects), plane.resource_version ? plane.resource_version() : 0);
}

} // namespace kgw::admin::kube
