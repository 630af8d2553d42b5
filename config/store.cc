#include "config/store.h"

#include <algorithm>
#include <set>

#include "config/store_impl.h"
#include "config/store_json.h"

namespace kgw::config {

const char* outcome_text(Outcome outcome) {
  switch (outcome) {
  case Outcome::kCreated: return "created";
  case Outcome::kConfigured: return "configured";
  case Outcome::kUnchanged: return "unchanged";
  case Outcome::kIgnored: return "ignored";
  case Outcome::kRejected: return "rejected";
  case Outcome::kDeleted: break;
  }
  return "deleted";
}

Identity canonical(Identity id) {
  if (id.kind == Kind::kIgnored) return id;
  for (const KindInfo& info : kind_table()) {
    if (info.kind != id.kind) continue;
    id.group = info.group;
    id.kind_name = info.kind_name;
    break;
  }
  return id;
}

Identity identity_of(Kind kind, const std::string& namespace_name, const std::string& name) {
  return canonical({kind, "", "", namespace_name, name});
}

nlohmann::json with_status(const StoredObject& object) {
  nlohmann::json json = object.json;
  if (!object.status.is_null()) json["status"] = object.status;
  return json;
}

Store::Store(std::function<int64_t()> wall_now_us, uint64_t random_seed) {
  auto start = static_cast<uint64_t>(wall_now_us());
  impl_ =
      std::make_unique<Impl>(Impl{std::move(wall_now_us), base::Random(random_seed), start, start, {}, {}, {}, {}, {}});
}
Store::~Store() = default;

const StoredObject* Store::get(const Identity& id) const { return impl_->find(canonical(id)); }

std::vector<const StoredObject*> Store::list(const KindInfo& kind, const std::string& namespace_name) const {
  std::vector<const StoredObject*> found;
  Identity wanted = canonical({kind.kind, kind.group, kind.kind_name, "", ""});
  for (auto it = impl_->objects.lower_bound(wanted); it != impl_->objects.end(); ++it) {
    const Identity& id = it->first;
    if (id.kind != wanted.kind || id.group != wanted.group || id.kind_name != wanted.kind_name) break;
    if (namespace_name.empty() || id.namespace_name == namespace_name) found.push_back(&it->second);
  }
  return found;
}

std::vector<std::string> Store::namespaces() const {
  std::set<std::string> names = {"default"};
  for (const auto& [id, object] : impl_->objects) {
    names.insert(id.kind == Kind::kNamespace ? id.name : id.namespace_name);
  }
  names.erase(""); // of cluster-scoped objects
  return {names.begin(), names.end()};
}

uint64_t Store::resource_version() const { return impl_->version; }

nlohmann::json Store::show(const StoredObject& object, const std::string& group_version) const {
  nlohmann::json json = with_status(object);
  if (!group_version.empty()) json["apiVersion"] = group_version;
  return json;
}

bool Store::changes_after(uint64_t resource_version, std::vector<Change>& out) const {
  if (resource_version < impl_->log_start || resource_version > impl_->version) return false;
  auto first = std::ranges::upper_bound(impl_->log, resource_version, {}, &Change::resource_version);
  out.assign(first, impl_->log.end());
  return true;
}

StoredObject* Store::Impl::find(const Identity& id) {
  auto found = objects.find(id);
  return found == objects.end() ? nullptr : &found->second;
}

void Store::Impl::record(Change::Type type, const StoredObject& object) {
  log.push_back({type, object.object.id, with_status(object), object.resource_version});
  if (log.size() <= kLogLength) return;
  log_start = log.front().resource_version;
  log.pop_front();
}

void Store::Impl::set_status(StoredObject& object, nlohmann::json status) {
  if (object.status == status) return;
  object.status = std::move(status);
  object.resource_version = ++version;
  stamp_metadata(object);
  record(Change::Type::kModified, object);
}

} // namespace kgw::config
