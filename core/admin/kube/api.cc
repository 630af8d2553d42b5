#include "admin/kube/api.h"

#include "admin/kube/call.h"
#include "admin/kube/discovery.h"
#include "admin/kube/openapi.h"
#include "admin/kube/read.h"
#include "admin/kube/remove.h"
#include "admin/kube/render.h"
#include "admin/kube/status.h"
#include "admin/kube/watch.h"
#include "admin/kube/write.h"

namespace kgw::admin::kube {

namespace {

Response json_or_404(const Json& json) {
  if (json.is_null()) return unknown_path();
  Response response;
  response.body = dump(json);
  return response;
}

// Where the segments behind a version begin; npos when the path ends before one.
size_t behind_version(std::span<const std::string> segments) {
  size_t begin = segments[0] == "api" ? 2 : 3;
  return segments.size() > begin ? begin : std::string::npos;
}

Response openapi(const std::vector<ResourceKind>& kinds, std::span<const std::string> rest) {
  if (rest.size() == 1 && rest[0] == "v2") {
    Response response;
    response.content_type = kOpenApiV2Type;
    response.body = openapi_v2(kinds);
    return response;
  }
  if (rest.empty() || rest[0] != "v3") return unknown_path();
  if (rest.size() == 1) return json_or_404(openapi_v3_index(kinds));
  if (rest.size() == 3 && rest[1] == "api") return json_or_404(openapi_v3(kinds, "", rest[2]));
  if (rest.size() == 4 && rest[1] == "apis") return json_or_404(openapi_v3(kinds, rest[2], rest[3]));
  return unknown_path();
}

bool lists_all_namespaces(const Call& call) {
  return call.kind.namespaced && call.id.namespace_name.empty() && call.collection();
}

} // namespace

Api::Api(const ControlPlane& plane, std::function<int64_t()> wall_s, uint64_t seed)
    : plane_(plane), wall_s_(std::move(wall_s)), random_(seed) {}

bool Api::owns(std::string_view first) {
  return first == "api" || first == "apis" || first == "openapi" || first == "version";
}

void Api::handle(Request request, std::span<const std::string> segments, Done done) {
  bool named = segments[0] == "api" || segments[0] == "apis";
  if (named && behind_version(segments) != std::string::npos)
    return resource(std::move(request), segments, std::move(done));
  Response answer = document(segments);
  if (request.method != "GET" && answer.status == 200) answer = method_not_allowed("GET, HEAD");
  done(std::move(answer));
}

Response Api::document(std::span<const std::string> segments) const {
  const std::string& first = segments[0];
  if (first == "openapi") return openapi(kinds(), segments.subspan(1));
  if (first == "version") return segments.size() == 1 ? json_or_404(version_info()) : unknown_path();
  if (first == "api") {
    return json_or_404(segments.size() == 1 ? api_versions(kinds()) : api_resources(kinds(), "", segments[1]));
  }
  if (segments.size() == 1) return json_or_404(api_groups(kinds()));
  if (segments.size() == 2) return json_or_404(api_group(kinds(), segments[1]));
  return json_or_404(segments[1].empty() ? Json() : api_resources(kinds(), segments[1], segments[2]));
}

void Api::resource(Request request, std::span<const std::string> segments, Done done) {
  size_t begin = behind_version(segments);
  std::string_view group = begin == 3 ? std::string_view(segments[1]) : std::string_view{};
  std::vector<ResourceKind> all = kinds();
  auto place = find_place(all, group, segments[begin - 1], segments.subspan(begin));
  if (!place) return done(unknown_path());
  Call call{.query = Query(request.query), .kind = *place->kind, .subresource = place->subresource, .now_s = wall_s_()};
  call.id = {place->group, place->version, place->kind->kind, place->namespace_name, place->name};
  call.request = std::move(request);
  if (form_of(call.request) == Form::kNone) {
    return done(failure(406, "NotAcceptable", "only the following media types are accepted: application/json"));
  }
  const std::string& method = call.request.method;
  if (method == "GET") {
    if (call.query.flag("watch")) return done(watch(plane_, std::move(call)));
    return done(call.collection() ? list(plane_, call) : get(plane_, call));
  }
  if (!call.subresource.empty() || lists_all_namespaces(call)) return done(method_not_allowed("GET, HEAD"));
  if (call.collection()) {
    if (method == "POST") return create(plane_, std::move(call), random_, std::move(done));
    if (method == "DELETE") return remove_collection(plane_, std::move(call), std::move(done));
    return done(method_not_allowed("GET, HEAD, POST, DELETE"));
  }
  if (method == "PUT") return replace(plane_, std::move(call), std::move(done));
  if (method == "PATCH") return patch(plane_, std::move(call), std::move(done));
  if (method == "DELETE") return remove(plane_, std::move(call), std::move(done));
  done(method_not_allowed("GET, HEAD, PUT, PATCH, DELETE"));
}

} // namespace kgw::admin::kube
