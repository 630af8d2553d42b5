// How objects enter and leave the store.

#include <algorithm>

#include <fmt/format.h>

#include "config/store_impl.h"
#include "config/store_json.h"
#include "config/store_stamp.h"

namespace kgw::config {
namespace {

using nlohmann::json;

WriteResult refused(WriteResult::Status status) {
  WriteResult result;
  result.status = status;
  return result;
}

} // namespace

std::pair<Outcome, StoredObject> Store::Impl::prepare(Object object, json document, const WriteOrigin& origin) {
  StoredObject made;
  made.object = std::move(object);
  made.json = std::move(document);
  made.source = origin.source;
  const StoredObject* old = find(made.object.id);
  if (old == nullptr) {
    made.uid = make_uuid(random);
    auto written = origin.honour_time ? parse_rfc3339(made.object.creation_timestamp) : std::nullopt;
    made.created_s = written.value_or(origin.stamp_s);
    if (made.object.id.kind == Kind::kNamespace) made.status = {{"phase", "Active"}};
    stamp_metadata(made);
    return {Outcome::kCreated, std::move(made)};
  }
  bool unchanged = same_object(old->json, made.json);
  made.uid = old->uid;
  made.status = old->status;
  made.created_s = old->created_s;
  made.resource_version = old->resource_version;
  made.generation = old->generation + (same_content(old->json, made.json) ? 0 : 1);
  if (unchanged) {
    made.json = old->json;
    // A client that changes nothing knows no positions; a file does, and they may have moved.
    if (!origin.from_text) made.object = old->object;
    if (origin.source.empty()) made.source = old->source;
  }
  stamp_metadata(made);
  return {unchanged ? Outcome::kUnchanged : Outcome::kConfigured, std::move(made)};
}

const StoredObject& Store::Impl::commit(Outcome outcome, StoredObject object) {
  rejections.erase(object.object.id);
  StoredObject& stored = objects[object.object.id] = std::move(object);
  if (outcome == Outcome::kUnchanged) return stored;
  stored.resource_version = ++version;
  stamp_metadata(stored);
  record(outcome == Outcome::kCreated ? Change::Type::kAdded : Change::Type::kModified, stored);
  return stored;
}

void Store::Impl::reject(const Validated& validated, const json& document, const std::string& source) {
  auto error = std::ranges::find(validated.problems, Severity::kError, &Diagnostic::severity);
  if (!validated.id || error == validated.problems.end()) return;
  Identity id = canonical(*validated.id);
  bool nameless = id.name.empty();
  // Nothing could take back what has no name, except its file when it is read again.
  if (nameless && (source.empty() || !validated.protection)) return;
  if (nameless) id.name = fmt::format("{}:{}", source, error->at.line);
  rejections[id] = {error->path.empty() ? error->text : error->path + ": " + error->text, validated.protection,
                    nameless, source, named_targets(document)};
}

void Store::Impl::erase(const Identity& id) {
  auto found = objects.find(id);
  if (found == objects.end()) return;
  StoredObject last = std::move(found->second);
  objects.erase(found);
  last.resource_version = ++version;
  stamp_metadata(last);
  record(Change::Type::kDeleted, last);
}

void Store::Impl::erase_namespace(const std::string& name) {
  std::vector<Identity> inside;
  for (const auto& [id, object] : objects) {
    if (id.namespace_name == name) inside.push_back(id);
  }
  std::erase_if(rejections, [&](const auto& entry) { return entry.first.namespace_name == name; });
  for (const Identity& id : inside) erase(id);
}

WriteResult Store::remove(const Identity& wanted, bool dry_run, const std::string& uid,
                          const std::string& resource_version) {
  const Identity id = canonical(wanted);
  const StoredObject* found = impl_->find(id);
  bool is_namespace = id.kind == Kind::kNamespace;
  bool used = is_namespace && std::ranges::any_of(impl_->objects, [&](const auto& entry) {
                return entry.first.namespace_name == id.name;
              });
  if (!dry_run) impl_->rejections.erase(id);
  if (found == nullptr && !used) return refused(WriteResult::Status::kNotFound);
  bool other =
      found != nullptr && ((!uid.empty() && uid != found->uid) ||
                           (!resource_version.empty() && resource_version != std::to_string(found->resource_version)));
  if (other) return refused(WriteResult::Status::kConflict);
  WriteResult result;
  result.outcome = Outcome::kDeleted;
  if (found != nullptr) result.object = with_status(*found);
  if (dry_run) return result;
  if (is_namespace) impl_->erase_namespace(id.name);
  impl_->erase(id);
  return result;
}

std::vector<Identity> Store::delete_sources_except(const std::vector<std::string>& sources,
                                                   const std::vector<Identity>& keep) {
  std::vector<Identity> kept, gone;
  for (const Identity& id : keep) kept.push_back(canonical(id));
  std::ranges::sort(kept);
  for (const auto& [id, object] : impl_->objects) {
    if (object.source.empty() || std::ranges::find(sources, object.source) == sources.end()) continue;
    if (!std::ranges::binary_search(kept, id)) gone.push_back(id);
  }
  for (const Identity& id : gone) impl_->erase(id);
  std::erase_if(impl_->rejections, [&](const auto& entry) {
    const auto& [id, rejection] = entry;
    bool from_these = !rejection.source.empty() && std::ranges::find(sources, rejection.source) != sources.end();
    return from_these && !rejection.nameless && !std::ranges::binary_search(kept, id);
  });
  return gone;
}

} // namespace kgw::config
