#include "admin/pages.h"

#include <charconv>

#include "admin/json.h"
#include "admin/kube/status.h"
#include "admin/url.h"

namespace kgw::admin {

namespace {

using Page = std::optional<Response>;

constexpr size_t kAttempts = 100; // answered when no limit is given

Response text(std::string body, std::string_view type = "text/plain; charset=UTF-8") {
  Response response;
  response.content_type = type;
  response.body = std::move(body);
  return response;
}

Response json(const Json& value) { return text(dump(value) + "\n", "application/json"); }

Page ready(const ControlPlane& plane, const Query&) {
  if (!plane.ready) return std::nullopt;
  bool live = plane.ready();
  Response response = text(live ? "LIVE\n" : "NOT_READY\n");
  response.status = live ? 200 : 503;
  return response;
}

Page stats(const ControlPlane& plane, const Query& query) {
  std::string format = query.get("format");
  if (format == "json") return plane.stats_json ? Page(json(plane.stats_json())) : std::nullopt;
  if (format == "prometheus")
    return plane.stats_prometheus ? Page(text(plane.stats_prometheus(), "text/plain; version=0.0.4")) : std::nullopt;
  return plane.stats_text ? Page(text(plane.stats_text())) : std::nullopt;
}

Page clusters(const ControlPlane& plane, const Query& query) {
  if (query.get("format") == "json") return plane.clusters_json ? Page(json(plane.clusters_json())) : std::nullopt;
  return plane.clusters_text ? Page(text(plane.clusters_text())) : std::nullopt;
}

Page prometheus(const ControlPlane& plane, const Query&) {
  return plane.stats_prometheus ? Page(text(plane.stats_prometheus(), "text/plain; version=0.0.4")) : std::nullopt;
}

Page attempts(const ControlPlane& plane, const Query& query) {
  if (!plane.attempts) return std::nullopt;
  std::string limit = query.get("limit");
  size_t count = kAttempts;
  if (!limit.empty()) {
    auto [end, error] = std::from_chars(limit.data(), limit.data() + limit.size(), count);
    if (error != std::errc{} || end != limit.data() + limit.size()) return kube::bad_request("limit: not a number");
  }
  return json(plane.attempts(count));
}

template <auto Member> Page text_page(const ControlPlane& plane, const Query&) {
  return plane.*Member ? Page(text((plane.*Member)())) : std::nullopt;
}

template <auto Member> Page json_page(const ControlPlane& plane, const Query&) {
  return plane.*Member ? Page(json((plane.*Member)())) : std::nullopt;
}

struct Entry {
  std::string_view path;
  Page (*make)(const ControlPlane&, const Query&);
};
constexpr Entry kPages[] = {
    {"/ready", ready},
    {"/stats", stats},
    {"/stats/prometheus", prometheus},
    {"/clusters", clusters},
    {"/listeners", text_page<&ControlPlane::listeners_text>},
    {"/server_info", json_page<&ControlPlane::server_info>},
    {"/kgw/v1/routes", json_page<&ControlPlane::routes>},
    {"/kgw/v1/attempts", attempts},
    {"/kgw/v1/settings", json_page<&ControlPlane::settings>},
};

} // namespace

Page page(const ControlPlane& plane, const Request& request) {
  for (const Entry& entry : kPages) {
    if (entry.path != request.path) continue;
    if (request.method != "GET") return kube::method_not_allowed("GET, HEAD");
    return entry.make(plane, Query(request.query));
  }
  return std::nullopt;
}

} // namespace kgw::admin
