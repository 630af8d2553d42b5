#include "admin/kube/remove.h"

#include <expected>
#include <memory>

#include "admin/json.h"
#include "admin/kube/patch.h"
#include "admin/kube/render.h"
#include "admin/kube/selector.h"
#include "admin/kube/status.h"

namespace kgw::admin::kube {

namespace {

using Options = std::expected<ControlPlane::Remove, Response>;

bool add_dry_run(ControlPlane::Remove& remove, const Json& value) {
  remove.dry_run = true;
  return value == "All";
}

Options bad_dry_run() { return std::unexpected(bad_request("dryRun: the only supported value is \"All\"")); }

// DeleteOptions. propagationPolicy and gracePeriodSeconds change nothing: there is nothing behind an object to wait
// for.
Options read_options(const Call& call) {
  ControlPlane::Remove remove{.id = call.id};
  for (const std::string& value : call.query.all("dryRun")) {
    if (!add_dry_run(remove, value)) return bad_dry_run();
  }
  if (call.request.body.empty()) return remove;
  std::string type = media_type(call.request);
  if (!type.empty() && type != "application/json") return std::unexpected(unsupported_media_type("application/json"));
  auto body = parse_json(call.request.body);
  if (!body || !body->is_object()) return std::unexpected(bad_request("the body of the request is not a JSON object"));
  const Json* dry_run = find(*body, {"dryRun"});
  if (dry_run != nullptr && !dry_run->is_null()) {
    if (!dry_run->is_array()) return bad_dry_run();
    for (const Json& value : *dry_run) {
      if (!add_dry_run(remove, value)) return bad_dry_run();
    }
  }
  remove.uid = text_at(*body, {"preconditions", "uid"});
  remove.resource_version = text_at(*body, {"preconditions", "resourceVersion"});
  return remove;
}

// Typed clients of these kinds want the object back, of all others a Status.
bool answers_object(const ResourceKind& kind) {
  return kind.group.empty() && (kind.kind == "Service" || kind.kind == "ServiceAccount");
}

Response deleted(const Call& call, const WriteOutcome& outcome) {
  if (answers_object(call.kind)) return render_object(call, 200, outcome.object);
  Json details{
      {"name", call.id.name}, {"kind", call.kind.plural}, {"uid", text_at(outcome.object, {"metadata", "uid"})}};
  if (!call.kind.group.empty()) details["group"] = call.kind.group;
  Response response;
  response.body = dump({{"kind", "Status"},
                        {"apiVersion", "v1"},
                        {"metadata", Json::object()},
                        {"status", "Success"},
                        {"details", std::move(details)}});
  return response;
}

Response answer(const Call& call, const WriteOutcome& outcome) {
  switch (outcome.status) {
  case WriteOutcome::Status::kNotFound: return object_not_found(call);
  case WriteOutcome::Status::kConflict:
    return conflict(call, "the precondition of the deletion does not hold for the stored object");
  case WriteOutcome::Status::kInvalid: return invalid(call, outcome.problems);
  default: return deleted(call, outcome);
  }
}

// Removals that are under way together; the last one to end answers with what went.
struct Collection {
  Call call;
  size_t pending;
  std::vector<Json> removed;
  Done done;
};

void finish(const ControlPlane& plane, Collection& work) {
  work.done(render_list(work.call, std::move(work.removed), plane.resource_version ? plane.resource_version() : 0));
}

} // namespace

void remove(const ControlPlane& plane, Call call, Done done) {
  if (!plane.remove) return done(unknown_path());
  auto options = read_options(call);
  if (!options) return done(std::move(options.error()));
  plane.remove(*std::move(options),
               [call = std::move(call), done = std::move(done)](const WriteOutcome& outcome) mutable {
                 Response response = answer(call, outcome);
                 add_warnings(response, outcome.problems);
                 done(std::move(response));
               });
}

void remove_collection(const ControlPlane& plane, Call call, Done done) {
  if (!plane.remove || !plane.list) return done(unknown_path());
  auto options = read_options(call);
  if (!options) return done(std::move(options.error()));
  auto selector = Selector::parse(call.query.get("labelSelector"), call.query.get("fieldSelector"));
  if (!selector) return done(bad_request(selector.error().text));
  std::vector<Json> objects = plane.list(call.id);
  std::erase_if(objects, [&](const Json& object) { return !selector->matches(object); });
  auto work = std::make_shared<Collection>(std::move(call), objects.size() + 1, std::vector<Json>{}, std::move(done));
  for (Json& object : objects) {
    ControlPlane::Remove one = *options;
    one.id.name = text_at(object, {"metadata", "name"});
    one.id.namespace_name = text_at(object, {"metadata", "namespace"});
    plane.remove(std::move(one), [&plane, work, object = std::move(object)](const WriteOutcome& outcome) mutable {
      if (outcome.status == WriteOutcome::Status::kDeleted) work->removed.push_back(std::move(object));
      if (--work->pending == 0) finish(plane, *work);
    });
  }
  if (--work->pending == 0) finish(plane, *work); // the one more: no removal may answer before all have begun
}

} // namespace kgw::admin::kube
