#include "admin/kube/render.h"

#include "admin/kube/table.h"
#include "base/text.h"

namespace kgw::admin::kube {

namespace {

RowObject row_object_of(const Query& query) {
  std::string wanted = query.get("includeObject");
  if (wanted == "Object") return RowObject::kObject;
  return wanted == "None" ? RowObject::kNone : RowObject::kMetadata;
}

Response json_response(int status, const Json& json) {
  Response response;
  response.status = status;
  response.body = dump(json);
  return response;
}

} // namespace

// Clients list what they take in the order in which they like it; the first that can be written wins.
Form form_of(const Request& request) {
  std::string_view accept = request.header("accept");
  if (base::trim(accept).empty()) return Form::kObject;
  for (std::string_view range : split(accept, ',')) {
    std::string_view type = base::trim(range.substr(0, range.find(';')));
    if (type == "*/*" || type == "application/*") return Form::kObject;
    if (type != "application/json") continue;
    if (range.find("as=") == std::string_view::npos) return Form::kObject;
    if (range.find("as=Table") != std::string_view::npos) return Form::kTable;
  }
  return Form::kNone;
}

Json table_for(const Call& call, const std::vector<Json>& objects, const std::string& resource_version) {
  return table(call.kind, objects, resource_version, row_object_of(call.query), call.now_s);
}

Response render_object(const Call& call, int status, const Json& object) {
  if (form_of(call.request) != Form::kTable) return json_response(status, object);
  return json_response(status, table_for(call, {object}, text_at(object, {"metadata", "resourceVersion"})));
}

Response render_list(const Call& call, std::vector<Json> objects, uint64_t resource_version) {
  std::string version = std::to_string(resource_version);
  if (form_of(call.request) == Form::kTable) return json_response(200, table_for(call, objects, version));
  return json_response(200, {{"kind", call.kind.kind + "List"},
                             {"apiVersion", call.api_version()},
                             {"metadata", {{"resourceVersion", version}}},
                             {"items", std::move(objects)}});
}

} // namespace kgw::admin::kube
