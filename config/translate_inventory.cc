#include "config/translate_inventory.h"

#include <algorithm>
#include <tuple>

#include "config/store_impl.h"

namespace kgw::config {
namespace {

const std::vector<const StoredObject*> kNone;

void sort_by_age(std::vector<const StoredObject*>& objects) {
  std::ranges::sort(objects, [](const StoredObject* a, const StoredObject* b) {
    const Identity &x = a->object.id, &y = b->object.id;
    return std::tie(a->created_s, x.namespace_name, x.name, x.kind) <
           std::tie(b->created_s, y.namespace_name, y.name, y.kind);
  });
}

bool holds(const LabelRequirement& requirement, const Labels& labels) {
  using Operator = LabelRequirement::Operator;
  auto label = labels.find(requirement.key);
  bool present = label != labels.end();
  bool listed = present && std::ranges::find(requirement.values, label->second) != requirement.values.end();
  switch (requirement.op) {
  case Operator::kIn: return listed;
  case Operator::kNotIn: return !listed;
  case Operator::kExists: return present;
  case Operator::kDoesNotExist: break;
  }
  return !present;
}

} // namespace

Inventory::Inventory(const std::map<Identity, StoredObject>& objects, const std::map<Identity, Rejection>& rejections)
    : objects_(objects), rejections_(rejections) {
  for (const auto& [id, stored] : objects) {
    switch (id.kind) {
    case Kind::kGateway: gateways_.push_back(&stored); break;
    case Kind::kHttpRoute: routes_.push_back(&stored); break;
    case Kind::kRouteOption:
    case Kind::kTrafficPolicy: rule_policies_.push_back(&stored); break;
    case Kind::kBackendConfigPolicy: backend_configs_.push_back(&stored); break;
    case Kind::kBackendTrafficPolicy: backend_traffic_.push_back(&stored); break;
    case Kind::kReferenceGrant: grants_.push_back(&stored); break;
    case Kind::kEndpointSlice:
      slices_[{id.namespace_name, payload<EndpointSlice>(stored).service}].push_back(&stored);
      break;
    default: break;
    }
  }
  for (auto* list : {&routes_, &rule_policies_, &backend_configs_, &backend_traffic_}) sort_by_age(*list);
}

std::vector<const StoredObject*> Inventory::all_of(Kind kind, const std::string& namespace_name) const {
  std::vector<const StoredObject*> found;
  for (auto it = objects_.lower_bound(identity_of(kind, namespace_name, "")); it != objects_.end(); ++it) {
    if (it->first.kind != kind || it->first.namespace_name != namespace_name) break;
    found.push_back(&it->second);
  }
  return found;
}

const StoredObject* Inventory::find(Kind kind, const std::string& namespace_name, const std::string& name) const {
  auto found = objects_.find(identity_of(kind, namespace_name, name));
  return found == objects_.end() ? nullptr : &found->second;
}

const Rejection* Inventory::rejection(Kind kind, const std::string& namespace_name, const std::string& name) const {
  if (rejections_.empty()) return nullptr;
  auto found = rejections_.find(identity_of(kind, namespace_name, name));
  return found == rejections_.end() ? nullptr : &found->second;
}

const std::vector<const StoredObject*>& Inventory::slices_of(const std::string& namespace_name,
                                                             const std::string& service) const {
  auto found = slices_.find({namespace_name, service});
  return found == slices_.end() ? kNone : found->second;
}

Labels Inventory::namespace_labels(const std::string& namespace_name) const {
  Labels labels;
  if (const StoredObject* declared = find(Kind::kNamespace, "", namespace_name)) labels = declared->object.labels;
  labels["kubernetes.io/metadata.name"] = namespace_name;
  return labels;
}

bool Inventory::permitted(std::string_view from_kind, const std::string& from, std::string_view group,
                          std::string_view kind, const std::string& target_namespace,
                          const std::string& target_name) const {
  return std::ranges::any_of(grants_, [&](const StoredObject* stored) {
    const auto& grant = payload<ReferenceGrant>(*stored);
    bool from_fits = std::ranges::any_of(grant.from, [&](const ReferenceGrant::From& item) {
      return item.group == kGatewayApiGroup && item.kind == from_kind && item.namespace_name == from;
    });
    bool to_fits = std::ranges::any_of(grant.to, [&](const ReferenceGrant::To& item) {
      return item.group == group && item.kind == kind && (item.name.empty() || item.name == target_name);
    });
    return stored->object.id.namespace_name == target_namespace && from_fits && to_fits;
  });
}

bool selects(const std::vector<LabelRequirement>& selector, const Labels& labels) {
  return std::ranges::all_of(selector, [&](const LabelRequirement& item) { return holds(item, labels); });
}

} // namespace kgw::config
