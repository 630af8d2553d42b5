#pragma once
// The store's objects as translation wants to look at them: by kind, in order, and by reference.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/store.h"
#include "config/translate.h"

namespace kgw::config {

template <typename T> const T& payload(const StoredObject& stored) { return std::get<T>(stored.object.payload); }

class Inventory {
 public:
  // Keeps references to both.
  Inventory(const std::map<Identity, StoredObject>& objects, const std::map<Identity, Rejection>& rejections);

  const std::vector<const StoredObject*>& gateways() const { return gateways_; }
  // Oldest first, then by namespace and name.
  const std::vector<const StoredObject*>& routes() const { return routes_; }
  // RouteOptions and TrafficPolicies.
  const std::vector<const StoredObject*>& rule_policies() const { return rule_policies_; }
  const std::vector<const StoredObject*>& backend_configs() const { return backend_configs_; }
  const std::vector<const StoredObject*>& backend_traffic() const { return backend_traffic_; }
  const std::map<Identity, Rejection>& rejections() const { return rejections_; }

  // Of one namespace, by name.
  std::vector<const StoredObject*> all_of(Kind kind, const std::string& namespace_name) const;
  const StoredObject* find(Kind kind, const std::string& namespace_name, const std::string& name) const;
  const Rejection* rejection(Kind kind, const std::string& namespace_name, const std::string& name) const;
  // By the label kubernetes.io/service-name, in the order of their names.
  const std::vector<const StoredObject*>& slices_of(const std::string& namespace_name,
                                                    const std::string& service) const;
  // Declared labels and the implicit kubernetes.io/metadata.name.
  Labels namespace_labels(const std::string& namespace_name) const;
  // Whether a ReferenceGrant in the target's namespace lets objects of `from_kind` (of the Gateway API) in `from` refer
  // to it.
  bool permitted(std::string_view from_kind, const std::string& from, std::string_view group, std::string_view kind,
                 const std::string& target_namespace, const std::string& target_name) const;

 private:
  const std::map<Identity, StoredObject>& objects_;
  const std::map<Identity, Rejection>& rejections_;
  std::vector<const StoredObject*> gateways_, routes_, rule_policies_, backend_configs_, backend_traffic_, grants_;
  std::map<std::pair<std::string, std::string>, std::vector<const StoredObject*>> slices_;
};

// Whether labels satisfy every requirement; an empty selector selects everything.
bool selects(const std::vector<LabelRequirement>& selector, const Labels& labels);

} // namespace kgw::config
