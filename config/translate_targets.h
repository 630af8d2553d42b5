#pragma once
// Which objects the policies of one sort are attached to, and how each policy fares there.

#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "config/translate_inventory.h"
#include "config/translate_warnings.h"

namespace kgw::config {

// What a policy's status speaks about.
struct Ancestor {
  std::string group, kind, namespace_name, name, section_name;
  auto operator<=>(const Ancestor&) const = default;
};
Ancestor ancestor_of(const Identity& id, const std::string& section_name = {});

struct PolicyUse {
  std::string missing;    // why what it names is none of its targets; empty: it is one
  std::string reason;     // of Accepted, when missing
  bool asked = false;     // it had something to say there,
  bool effective = false; // and some of it is in force,
  bool merged = false;    // beside what others say
};

class PolicyTargets {
 public:
  // Policies may be attached to these kinds.
  PolicyTargets(const Inventory& inventory, Warnings& warnings, std::initializer_list<Kind> kinds)
      : inventory_(inventory), warnings_(warnings), kinds_(kinds) {}

  void add(const StoredObject& policy, const std::vector<PolicyTarget>& targets);
  // The policies attached to the object, or only to this section of it, in the order in which they were added.
  const std::vector<const StoredObject*>& attached(const Identity& id, const std::string& section_name = {}) const;
  // All that is attached, by object and section.
  using ByObject = std::map<std::pair<Identity, std::string>, std::vector<const StoredObject*>>;
  const ByObject& by_object() const { return attached_; }
  PolicyUse& use(const StoredObject& policy, const Ancestor& ancestor) { return uses_[&policy][ancestor]; }
  // What became of the policy with each of its targets.
  const std::map<Ancestor, PolicyUse>& uses(const StoredObject& policy) const;

 private:
  void add_named(const StoredObject& policy, const PolicyTarget& target, Kind kind);
  void add_selected(const StoredObject& policy, const PolicyTarget& target, Kind kind);
  void attach(const StoredObject& policy, const Identity& id, const std::string& section_name);
  void miss(const StoredObject& policy, const PolicyTarget& target, const std::string& reason, std::string text);

  const Inventory& inventory_;
  Warnings& warnings_;
  std::vector<Kind> kinds_;
  ByObject attached_;
  std::map<const StoredObject*, std::map<Ancestor, PolicyUse>> uses_;
};

// The statuses of these policies, in kgateway's words: Accepted and Attached.
void add_policy_statuses(const std::vector<const StoredObject*>& policies, const PolicyTargets& targets,
                         std::vector<ReferenceStatuses>& out);
// In the words of the Gateway API's own policies: Accepted alone. What is not in force is in conflict.
void add_direct_statuses(const std::vector<const StoredObject*>& policies, const PolicyTargets& targets,
                         std::vector<ReferenceStatuses>& out);

} // namespace kgw::config
