// The two ways in: text with positions, and JSON from the admin address.

#include "config/store_impl.h"
#include "config/store_json.h"

namespace kgw::config {
namespace {

using nlohmann::json;

WriteResult refused(WriteResult::Status status) {
  WriteResult result;
  result.status = status;
  return result;
}

} // namespace

ApplyResult Store::Impl::apply(const Document& document, const std::string& default_namespace,
                               const WriteOrigin& origin, bool dry_run) {
  Validated validated = validate(document, default_namespace);
  json written = document.root.to_json();
  ApplyResult result;
  if (validated.id && !validated.id->name.empty()) result.id = canonical(*validated.id);
  if (const json& named = member(written, "apiVersion"); named.is_string()) result.api_version = named;
  if (validated.object) {
    validated.object->id = result.id;
    json stored = stored_json(written, result.id, validated.pruned);
    set_annotation(stored, kLastApplied, last_applied_text(std::move(written), result.id));
    auto [outcome, object] = prepare(std::move(*validated.object), std::move(stored), origin);
    if (!dry_run) commit(outcome, std::move(object));
    result.outcome = validated.ignored ? Outcome::kIgnored : outcome;
  } else if (!dry_run) {
    reject(validated, written, origin.source);
  }
  result.problems = std::move(validated.problems);
  return result;
}

std::vector<ApplyResult> Store::apply_text(std::string_view text, const std::string& file,
                                           const std::string& default_namespace, bool from_file, bool dry_run,
                                           const ParseLimits& limits) {
  ParsedText parsed = parse_text(text, file, limits);
  std::vector<ApplyResult> results;
  if (!parsed.problems.empty()) results.push_back({Outcome::kRejected, {}, "", std::move(parsed.problems)});
  const WriteOrigin origin{impl_->now_s(), true, from_file ? file : "", from_file};
  if (from_file && !dry_run) {
    std::erase_if(impl_->rejections,
                  [&](const auto& entry) { return entry.second.nameless && entry.second.source == file; });
  }
  for (const Document& document : parsed.documents) {
    results.push_back(impl_->apply(document, default_namespace, origin, dry_run));
  }
  return results;
}

WriteResult Store::write(const WriteRequest& request) {
  Validated validated = validate(Document{"", node_from_json(request.object)}, "", request.validation);
  WriteResult result;
  Identity id = validated.id ? canonical(*validated.id) : Identity{};
  if (!validated.object) {
    if (!request.dry_run) impl_->reject(validated, request.object, "");
    result.status = WriteResult::Status::kInvalid;
    result.problems = std::move(validated.problems);
    return result;
  }
  const StoredObject* old = impl_->find(id);
  if (old != nullptr && request.create_only) return refused(WriteResult::Status::kAlreadyExists);
  if (!request.expected_resource_version.empty()) {
    if (old == nullptr) return refused(WriteResult::Status::kNotFound);
    if (std::to_string(old->resource_version) != request.expected_resource_version)
      return refused(WriteResult::Status::kConflict);
  }
  validated.object->id = id;
  const WriteOrigin origin{impl_->now_s()};
  auto [outcome, object] =
      impl_->prepare(std::move(*validated.object), stored_json(request.object, id, validated.pruned), origin);
  result.outcome = outcome;
  result.object = with_status(request.dry_run ? object : impl_->commit(outcome, std::move(object)));
  result.problems = std::move(validated.problems);
  return result;
}

} // namespace kgw::config
