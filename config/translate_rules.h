#pragma once
// From a route's rules to actions.

#include <string>
#include <vector>

#include "config/translate_backends.h"
#include "config/translate_policies.h"

namespace kgw::config {

struct TranslatedRules {
  std::vector<snapshot::ActionSpec> actions; // one per rule, in order; clusters by index
  std::vector<Condition> conditions;         // ResolvedRefs, and PartiallyInvalid when it holds
};

class Rules {
 public:
  Rules(const Inventory& inventory, Clusters& clusters, Policies& policies, Warnings& warnings)
      : inventory_(inventory), clusters_(clusters), policies_(policies), warnings_(warnings) {}

  // Clusters are made only for a route that is `served`.
  TranslatedRules translate(const StoredObject& route, bool served);

 private:
  // What the ExtensionRefs of a rule come to.
  struct Extensions {
    std::vector<const StoredObject*> options;
    const DirectResponse* direct = nullptr;
    bool broken = false;
  };
  Extensions resolve_extensions(const StoredObject& route, size_t rule_index);
  void resolve_extension(const StoredObject& route, const ObjectRef& ref, const std::string& path, Extensions& out);
  std::vector<snapshot::WeightedBackend> resolve_backends(const StoredObject& route, size_t rule_index, bool served);
  snapshot::ActionSpec translate_rule(const StoredObject& route, size_t rule_index, bool served);
  void unresolved(const StoredObject& route, Position at, const std::string& path, const std::string& reason,
                  const std::string& message);

  const Inventory& inventory_;
  Clusters& clusters_;
  Policies& policies_;
  Warnings& warnings_;
  Condition resolved_; // of the route at hand
};

} // namespace kgw::config
