#include "config/translate.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/translate_attach.h"
#include "config/translate_rules.h"

namespace kgw::config {
namespace {

class Translation {
 public:
  Translation(const Inventory& inventory, const TranslateOptions& options)
      : inventory_(inventory), gateways_(plan_listeners(inventory, options, warnings_)), blocks_(inventory),
        clusters_(inventory, options, warnings_), policies_(inventory, options, warnings_),
        rules_(inventory, blocks_, clusters_, policies_, warnings_) {
    out_.spec.process = options.settings.process;
    for (GatewayState& gateway : gateways_)
      index_[{gateway.summary.id.namespace_name, gateway.summary.id.name}] = &gateway;
  }

  Translated run() {
    for (const StoredObject* route : inventory_.routes()) translate_route(*route);
    policies_.add_statuses(out_.policies);
    clusters_.add_statuses(out_.policies);
    emit_listeners(gateways_, out_.spec);
    out_.spec.clusters = clusters_.take();
    for (GatewayState& gateway : gateways_) {
      for (ListenerState& state : gateway.listeners) gateway.summary.listeners.push_back(std::move(state.summary));
      out_.gateways.push_back(std::move(gateway.summary));
    }
    out_.warnings = warnings_.take();
    return std::move(out_);
  }

 private:
  // Listeners of one route with the same policies around them.
  struct Group {
    Sources around;
    std::vector<const std::pair<ListenerState*, std::vector<std::string>>*> listeners;
  };

  void translate_route(const StoredObject& route) {
    Attachment attachment = attach_route(route, index_, inventory_, warnings_);
    std::vector<Condition> conditions;
    for (const Group& group : groups_of(attachment)) {
      bool served = !group.listeners.empty();
      TranslatedRules rules = rules_.translate(route, served, group.around);
      conditions = std::move(rules.conditions);
      if (served) emit_route(route, group, std::move(rules.actions));
    }
    for (ReferenceStatus& parent : attachment.parents) {
      parent.conditions.insert(parent.conditions.end(), conditions.begin(), conditions.end());
    }
    out_.routes.push_back({route.object.id, std::move(attachment.parents)});
  }

  // A route that no listener takes is one group without any: its references are looked at all the same.
  std::vector<Group> groups_of(const Attachment& attachment) const {
    std::vector<Group> groups;
    for (const auto& entry : attachment.listeners) {
      Sources around = policies_.around(*entry.first->gateway, entry.first->listener->name);
      auto group = std::ranges::find(groups, around, &Group::around);
      if (group == groups.end()) group = groups.insert(groups.end(), Group{std::move(around), {}});
      group->listeners.push_back(&entry);
    }
    if (groups.empty()) groups.emplace_back();
    return groups;
  }

  // The rules stand once on each listener, their actions once in all.
  void emit_route(const StoredObject& route, const Group& group, std::vector<snapshot::ActionSpec> actions) {
    auto& list = out_.spec.actions;
    auto first = static_cast<uint32_t>(list.size());
    list.insert(list.end(), actions.begin(), actions.end());
    for (const auto* entry : group.listeners) {
      const auto& [state, hostnames] = *entry;
      bool blocked = is_blocked(*state);
      for (uint32_t i = 0; i < actions.size(); ++i) {
        state->rules.push_back(make_rule(route, i, actions[i].rule, hostnames));
        state->rules.back().action = first + i;
        if (!blocked) continue;
        state->rules.back().action = static_cast<uint32_t>(list.size());
        list.push_back({.rule = actions[i].rule});
      }
    }
  }

  static route::RuleSpec make_rule(const StoredObject& route, uint32_t index, const std::string& name,
                                   const std::vector<std::string>& hostnames) {
    route::RuleSpec spec;
    spec.name = name;
    spec.hostnames = hostnames;
    spec.matches = payload<HttpRoute>(route).rules[index].matches;
    spec.created_s = route.created_s;
    spec.route_key = route.object.id.namespace_name + "/" + route.object.id.name;
    spec.rule_index = index;
    return spec;
  }

  bool is_blocked(const ListenerState& state) {
    const Rejection* rejection = blocks_.of_listener(*state.gateway, state.listener->name);
    if (rejection == nullptr) return false;
    warnings_.add(
        state.gateway->object, state.listener->at, "spec.listeners", ProblemClass::kNotSupported,
        fmt::format("{}: all rules answer 500, a protection was refused: {}", state.listener->name, rejection->reason));
    return true;
  }

  const Inventory& inventory_;
  Warnings warnings_;
  std::vector<GatewayState> gateways_;
  GatewayIndex index_;
  Blocks blocks_;
  Clusters clusters_;
  Policies policies_;
  Rules rules_;
  Translated out_;
};

} // namespace

Translated translate_objects(const Inventory& inventory, const TranslateOptions& options) {
  return Translation(inventory, options).run();
}

} // namespace kgw::config
