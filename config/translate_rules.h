#pragma once
// From a route's rules to actions.

#include <optional>
#include <string>
#include <vector>

#include "config/translate_backends.h"
#include "config/translate_blocks.h"
#include "config/translate_policies.h"

namespace kgw::config {

struct TranslatedRules {
  std::vector<snapshot::ActionSpec> actions; // one per rule, in order; clusters by index
  std::vector<Condition> conditions;         // ResolvedRefs, and PartiallyInvalid when it holds
};

class Rules {
 public:
  Rules(const Inventory& inventory, const Blocks& blocks, Clusters& clusters, Policies& policies, Warnings& warnings)
      : inventory_(inventory), blocks_(blocks), clusters_(clusters), policies_(policies), warnings_(warnings) {}

  // `around`: the policies of the listeners for which the actions are made. Clusters are made only for a route that is
  // `served`.
  TranslatedRules translate(const StoredObject& route, bool served, const Sources& around);

 private:
  // What the ExtensionRefs of a rule come to.
  struct Extensions {
    std::vector<const StoredObject*> policies;
    const DirectResponse* direct = nullptr;
    bool broken = false;
  };
  Extensions resolve_extensions(const StoredObject& route, size_t rule_index);
  void resolve_extension(const StoredObject& route, const ObjectRef& ref, const std::string& path, Extensions& out);
  std::vector<snapshot::WeightedBackend> resolve_backends(const StoredObject& route, size_t rule_index, bool served);
  snapshot::ActionSpec translate_rule(const StoredObject& route, size_t rule_index, bool served, const Sources& around);
  // Makes what is blocked answer 500; what to say about it, if anything is.
  std::optional<Condition> block(const StoredObject& route, std::vector<snapshot::ActionSpec>& actions);
  void unresolved(const StoredObject& route, Position at, const std::string& path, const std::string& reason,
                  const std::string& message);

  const Inventory& inventory_;
  const Blocks& blocks_;
  Clusters& clusters_;
  Policies& policies_;
  Warnings& warnings_;
  Condition resolved_; // of the route at hand
};

} // namespace kgw::config
