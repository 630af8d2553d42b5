#include "admin/kube/patch.h"

#include <fmt/format.h>

#include "admin/kube/status.h"
#include "admin/kube/strategic.h"
#include "base/text.h"

namespace kgw::admin::kube {

namespace {

// Kubernetes' own bound of operations, and how much they may copy: a few lines of `copy` double a document again and
// again.
constexpr size_t kOperations = 10000, kCopyBytes = 4 << 20;
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

using Patched = std::expected<Json, Response>;

std::unexpected<Response> refuse(Response response) { return std::unexpected(std::move(response)); }

std::unexpected<Response> not_patched(const Call& call, std::string_view text) {
  return refuse(invalid(call, {{.reason = "FieldValueInvalid", .field = "patch", .text = std::string(text)}}));
}

// Copies and moves recurse into what they copy, so it is measured first.
bool copies_too_much(const Json& target, const Json& operation, size_t& budget) {
  std::string name = text_at(operation, {"op"});
  if (name != "copy" && name != "move") return false;
  Json::json_pointer from(text_at(operation, {"from"}));
  return target.contains(from) && !within(target.at(from), kJsonDepth, budget);
}

// RFC 6902. The library says with exceptions what is wrong: of the shape (parse_error) or with this object (the
// others).
Patched json_patch(const Call& call, Json target, const Json& patch) {
  if (!patch.is_array()) return refuse(bad_request("a JSON patch is a list of operations"));
  if (patch.size() > kOperations) return refuse(bad_request("a JSON patch has at most 10000 operations"));
  size_t budget = kCopyBytes;
  for (size_t i = 0; i < patch.size(); ++i) {
    try {
      if (copies_too_much(target, patch[i], budget)) return refuse(bad_request("the JSON patch copies too much"));
      target.patch_inplace(Json::array({patch[i]}));
    } catch (const Json::parse_error&) {
      return refuse(bad_request(fmt::format("operation {} of the JSON patch is malformed", i)));
    } catch (const Json::exception&) {
      return not_patched(call, fmt::format("operation {} cannot be applied: {}", i, dump(patch[i])));
    }
  }
  return target;
}

Patched merge_patch(Json target, const Json& patch) {
  if (!patch.is_object()) return refuse(bad_request("a merge patch is an object"));
  target.merge_patch(patch);
  return target;
}

// A kind without meaning here has lists that nobody here can merge. What the user wrote is in the patch all the same.
Patched strategic_patch(const Call& call, Json target, const Json& patch) {
  if (!patch.is_object()) return refuse(bad_request("a strategic merge patch is an object"));
  if (!call.kind.ours) {
    auto written = parse_json(text_at(patch, {"metadata", "annotations", kLastApplied}));
    if (written && written->is_object()) {
      // The annotation itself, and the precondition if there is one, stand beside it.
      (*written)["metadata"].merge_patch(
          {{"annotations", {{kLastApplied, *find(patch, {"metadata", "annotations", kLastApplied})}}}});
      std::string version = text_at(patch, {"metadata", "resourceVersion"});
      (*written)["metadata"]["resourceVersion"] =
          version.empty() ? text_at(target, {"metadata", "resourceVersion"}) : version;
      return *std::move(written);
    }
  }
  return strategic_merge(std::move(target), patch, call.kind.kind);
}

// Each member of the body replaces the stored one; what the body does not name stays (kubectl sends a body that has
// only an annotation right behind each apply).
Patched apply_patch(const Call& call, Json target, const Json& patch) {
  if (call.query.get("fieldManager").empty()) return refuse(bad_request("fieldManager is required for apply patch"));
  if (!patch.is_object()) return refuse(bad_request("an apply patch is an object"));
  if (!target.is_object()) target = Json::object();
  Json metadata = target.value("metadata", Json::object());
  if (const Json* given = find(patch, {"metadata"}); given != nullptr && given->is_object())
    metadata.merge_patch(*given);
  target.update(patch);
  target["metadata"] = std::move(metadata);
  return target;
}

std::string accepted_types(const Call& call) {
  std::string types = fmt::format("{}, {}, {}", kJsonPatch, kMergePatch, kApplyPatch);
  return call.kind.built_in ? fmt::format("{}, {}", types, kStrategicPatch) : types;
}

} // namespace

std::string media_type(const Request& request) {
  std::string_view field = request.header("content-type");
  return base::to_lower(base::trim(field.substr(0, field.find(';'))));
}

Patched patched(const Call& call, const Json& stored) {
  std::string type = media_type(call.request);
  bool known = type == kMergePatch || type == kJsonPatch || type == kApplyPatch ||
               (type == kStrategicPatch && call.kind.built_in);
  if (!known) return refuse(unsupported_media_type(accepted_types(call)));
  auto patch = parse_json(call.request.body);
  if (!patch && type == kApplyPatch)
    return refuse(unsupported_media_type(std::string(kApplyPatch) + " that is written as JSON"));
  if (!patch) return refuse(bad_request("the patch is not JSON, or nested too deeply"));
  if (type == kApplyPatch) return apply_patch(call, stored, *patch);
  if (type == kMergePatch) return merge_patch(stored, *patch);
  return type == kJsonPatch ? json_patch(call, stored, *patch) : strategic_patch(call, stored, *patch);
}

} // namespace kgw::admin::kube
