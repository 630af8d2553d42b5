#pragma once
// What governs a rule: its own fields, and the RouteOptions and TrafficPolicies that reach it. Each option comes whole
// from the strongest source that has it.

#include <string>
#include <vector>

#include "config/translate_targets.h"

namespace kgw::config {

// One voice about a rule.
struct Source {
  const StoredObject* object = nullptr; // the policy; the HTTPRoute itself for a rule's own fields
  const RuleOptions* options = nullptr;
  Ancestor ancestor; // what the policy is attached to; without a kind for a rule's own fields
  bool is_policy() const { return !ancestor.kind.empty(); }
  bool operator==(const Source&) const = default;
};
using Sources = std::vector<Source>;

class Policies {
 public:
  Policies(const Inventory& inventory, const TranslateOptions& options, Warnings& warnings);

  // The TrafficPolicies of a listener and of its Gateway, which reach every rule behind it.
  Sources around(const StoredObject& gateway, const std::string& listener) const;
  // Every source of a rule, the strongest first: itself; `extensions` in the order of its filters; what is attached to
  // the rule by its name, then to its route, the oldest first; `around`.
  Sources sources(const StoredObject& route, size_t rule_index, const std::vector<const StoredObject*>& extensions,
                  const Sources& around) const;
  // Fills in what the sources govern, and the settings.
  void apply(const StoredObject& route, size_t rule_index, const Sources& sources, snapshot::ActionSpec& action);
  // Notes that these sources reach a rule where they can have no effect.
  void note_inapplicable(const StoredObject& route, size_t rule_index, const Sources& sources);
  // What to tell each policy about what it reaches or names. After all rules.
  void add_statuses(std::vector<ReferenceStatuses>& out) const {
    add_policy_statuses(inventory_.rule_policies(), targets_, out);
  }

 private:
  snapshot::RouteSettings settings_of(const StoredObject& route, const Sources& sources);
  void note_uses(const Sources& sources, const std::vector<const Source*>& givers);

  const Inventory& inventory_;
  const TranslateOptions& options_;
  Warnings& warnings_;
  PolicyTargets targets_;
};

} // namespace kgw::config
