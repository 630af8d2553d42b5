#pragma once
// From backendRefs to clusters and their endpoints.

#include <map>
#include <string>
#include <vector>

#include "config/translate_backend_policies.h"

namespace kgw::config {

// What a backendRef leads to. Without an object it leads nowhere, and the reason is that of the condition ResolvedRefs.
struct BackendTarget {
  const StoredObject* object = nullptr; // Service, Backend or Upstream
  const ServicePort* port = nullptr;    // of a Service
  std::string reason, message;
};

BackendTarget resolve_backend(const StoredObject& route, const BackendRef& ref, const Inventory& inventory);

class Clusters {
 public:
  Clusters(const Inventory& inventory, const TranslateOptions& options, Warnings& warnings);

  // The index of the target's cluster, which is made at its first use.
  int32_t index_of(const BackendTarget& target);
  std::vector<snapshot::ClusterSpec> take() { return std::move(clusters_); }
  // What to tell the policies of backends.
  void add_statuses(std::vector<ReferenceStatuses>& out) const { policies_.add_statuses(out); }

 private:
  snapshot::ClusterSpec make(const BackendTarget& target, snapshot::ClusterId id);
  std::vector<snapshot::EndpointSpec> service_endpoints(const StoredObject& stored, const ServicePort& port);
  void use_hosts(const StoredObject& stored, snapshot::ClusterSpec& cluster);
  bool slices_speak_http2(const StoredObject& service, const ServicePort& port) const;
  void warn_no_address(const StoredObject& stored, const ServicePort& port, bool has_slices);
  const TranslateOptions::Override* find_override(const Identity& id, uint16_t port) const;
  const TranslateOptions::Override* fallback() const;

  const Inventory& inventory_;
  const TranslateOptions& options_;
  Warnings& warnings_;
  BackendPolicies policies_;
  std::map<snapshot::ClusterId, int32_t> indexes_;
  std::vector<snapshot::ClusterSpec> clusters_;
};

} // namespace kgw::config
