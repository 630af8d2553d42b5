#include "admin/kube/write.h"

#include "admin/kube/object.h"
#include "admin/kube/patch.h"
#include "admin/kube/render.h"
#include "admin/kube/status.h"

namespace kgw::admin::kube {

namespace {

// A misspelt option must not turn a dry run into a write.
std::optional<Response> read_options(const Query& query, ControlPlane::Write& write) {
  for (const std::string& value : query.all("dryRun")) {
    if (value != "All") return bad_request("dryRun: the only supported value is \"All\"");
    write.dry_run = true;
  }
  write.field_validation = query.get("fieldValidation");
  if (write.field_validation.empty()) write.field_validation = "Strict";
  bool known =
      write.field_validation == "Strict" || write.field_validation == "Warn" || write.field_validation == "Ignore";
  if (!known) return bad_request("fieldValidation: supported values: \"Strict\", \"Warn\", \"Ignore\"");
  return std::nullopt;
}

// Letters and digits that make no words and are not mistaken for one another.
std::string random_suffix(base::Random& random) {
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::string suffix;
  for (int i = 0; i < 5; ++i) suffix += kLetters[random.below(kLetters.size())];
  return suffix;
}

// The name of a new object, or the 422 that says that it has none.
std::optional<Response> settle_name(const ControlPlane& plane, Call& call, base::Random& random, Json& object) {
  Json& metadata = object["metadata"];
  call.id.name = text_at(metadata, {"name"});
  if (!call.id.name.empty()) return std::nullopt;
  std::string prefix = text_at(metadata, {"generateName"});
  if (prefix.empty()) {
    return invalid(call, {{.reason = "FieldValueRequired",
                           .field = "metadata.name",
                           .text = "Required value: name or generateName is required"}});
  }
  do {
    call.id.name = prefix + random_suffix(random);
  } while (plane.get && !plane.get(call.id).is_null());
  metadata["name"] = call.id.name;
  return std::nullopt;
}

void store(const ControlPlane& plane, Call call, ControlPlane::Write write, Done done) {
  write.id = call.id;
  plane.write(std::move(write), [call = std::move(call), done = std::move(done)](const WriteOutcome& outcome) mutable {
    done(render_outcome(call, outcome));
  });
}

} // namespace

Response render_outcome(const Call& call, const WriteOutcome& outcome) {
  auto answer = [&]() -> Response {
    switch (outcome.status) {
    case WriteOutcome::Status::kCreated: return render_object(call, 201, outcome.object);
    case WriteOutcome::Status::kInvalid: return invalid(call, outcome.problems);
    case WriteOutcome::Status::kAlreadyExists: return already_exists(call);
    case WriteOutcome::Status::kConflict: return conflict(call, kModified);
    case WriteOutcome::Status::kNotFound: return object_not_found(call);
    case WriteOutcome::Status::kUpdated:
    case WriteOutcome::Status::kUnchanged:
    case WriteOutcome::Status::kDeleted: break;
    }
    return render_object(call, 200, outcome.object);
  };
  Response response = answer();
  add_warnings(response, outcome.problems);
  return response;
}

void create(const ControlPlane& plane, Call call, base::Random& random, Done done) {
  if (!plane.write) return done(unknown_path());
  ControlPlane::Write write{.create_only = true};
  if (auto refusal = read_options(call.query, write)) return done(*std::move(refusal));
  auto object = read_object(call);
  if (!object) return done(std::move(object.error()));
  if (auto refusal = settle_identity(call, *object)) return done(*std::move(refusal));
  if (auto refusal = settle_name(plane, call, random, *object)) return done(*std::move(refusal));
  take_server_fields(*object);
  write.object = *std::move(object);
  store(plane, std::move(call), std::move(write), std::move(done));
}

void replace(const ControlPlane& plane, Call call, Done done) {
  if (!plane.write || !plane.get) return done(unknown_path());
  ControlPlane::Write write;
  if (auto refusal = read_options(call.query, write)) return done(*std::move(refusal));
  auto object = read_object(call);
  if (!object) return done(std::move(object.error()));
  if (auto refusal = settle_identity(call, *object)) return done(*std::move(refusal));
  if (plane.get(call.id).is_null()) return done(object_not_found(call));
  write.expected_resource_version = take_server_fields(*object);
  write.object = *std::move(object);
  store(plane, std::move(call), std::move(write), std::move(done));
}

void patch(const ControlPlane& plane, Call call, Done done) {
  if (!plane.write || !plane.get) return done(unknown_path());
  ControlPlane::Write write;
  if (auto refusal = read_options(call.query, write)) return done(*std::move(refusal));
  Json stored = plane.get(call.id);
  write.create_only = stored.is_null();
  if (write.create_only && media_type(call.request) != kApplyPatch) return done(object_not_found(call));
  auto object = patched(call, stored);
  if (!object) return done(std::move(object.error()));
  if (size_t bytes = SIZE_MAX; !within(*object, kJsonDepth, bytes))
    return done(bad_request("the result is nested too deeply"));
  if (auto refusal = settle_identity(call, *object)) return done(*std::move(refusal));
  // The stored version is no precondition, or every patch would be one; a version that the patch brought is.
  std::string version = take_server_fields(*object);
  if (version != text_at(stored, {"metadata", "resourceVersion"})) write.expected_resource_version = version;
  write.object = *std::move(object);
  store(plane, std::move(call), std::move(write), std::move(done));
}

} // namespace kgw::admin::kube
