#pragma once
// RouteOptions: which of them reach a rule, and what the rule's policy is when several do.

#include <map>
#include <string>
#include <vector>

#include "config/translate_inventory.h"
#include "config/translate_warnings.h"

namespace kgw::config {

class Policies {
 public:
  Policies(const Inventory& inventory, const TranslateOptions& options, Warnings& warnings);

  // The RouteOptions that name this route in targetRefs: oldest first, then by name.
  const std::vector<const StoredObject*>& targeting(const StoredObject& route) const;
  // A refused RouteOption with a protection that names this route in targetRefs; null when there is none.
  const Rejection* blocked_by(const StoredObject& route) const;
  // Fills timeout, retry and settings. `sources` stand in the order of precedence. Native timeouts of the rule beat
  // them all.
  void apply(const StoredObject& route, size_t rule_index, const std::vector<const StoredObject*>& sources,
             snapshot::ActionSpec& action);
  // Notes that these sources reach a rule where they can have no effect.
  void note_inapplicable(const StoredObject& route, size_t rule_index, const std::vector<const StoredObject*>& sources);
  // What to tell each RouteOption about the routes that it reaches or names. After all rules.
  std::vector<ReferenceStatuses> statuses() const;

 private:
  // How a RouteOption fares on one route.
  struct Use {
    bool effective = false; // gives at least one option, or has none to give
    bool merged = false;    // beside another one
    std::string missing;    // the target does not exist or is none; why
    std::string reason;     // of Accepted, when missing
  };
  void find_targets(const StoredObject& option);
  std::map<std::string, Use>& uses_of(const StoredObject& option) { return uses_[&option]; }

  const Inventory& inventory_;
  const TranslateOptions& options_;
  Warnings& warnings_;
  std::map<std::pair<std::string, std::string>, std::vector<const StoredObject*>> targeting_; // by the route
  std::map<const StoredObject*, std::map<std::string, Use>> uses_; // by RouteOption, then by the route's name
};

} // namespace kgw::config
