#include "config/translate.h"

#include "config/translate_attach.h"
#include "config/translate_rules.h"

namespace kgw::config {
namespace {

class Translation {
 public:
  Translation(const Inventory& inventory, const TranslateOptions& options)
      : inventory_(inventory), gateways_(plan_listeners(inventory, options, warnings_)),
        clusters_(inventory, options, warnings_), policies_(inventory, options, warnings_),
        rules_(inventory, clusters_, policies_, warnings_) {
    out_.spec.process = options.settings.process;
    for (GatewayState& gateway : gateways_)
      index_[{gateway.summary.id.namespace_name, gateway.summary.id.name}] = &gateway;
  }

  Translated run() {
    for (const StoredObject* route : inventory_.routes()) translate_route(*route);
    out_.options = policies_.statuses();
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
  void translate_route(const StoredObject& route) {
    Attachment attachment = attach_route(route, index_, inventory_, warnings_);
    bool served = !attachment.listeners.empty();
    TranslatedRules rules = rules_.translate(route, served);
    for (ReferenceStatus& parent : attachment.parents) {
      parent.conditions.insert(parent.conditions.end(), rules.conditions.begin(), rules.conditions.end());
    }
    out_.routes.push_back({route.object.id, std::move(attachment.parents)});
    if (served) emit_route(route, attachment, std::move(rules.actions));
  }

  // The rules stand once on each listener, their actions once in all.
  void emit_route(const StoredObject& route, const Attachment& attachment, std::vector<snapshot::ActionSpec> actions) {
    auto& list = out_.spec.actions;
    auto first = static_cast<uint32_t>(list.size());
    list.insert(list.end(), actions.begin(), actions.end());
    for (const auto& [state, hostnames] : attachment.listeners) {
      bool blocked = is_blocked(*state->gateway);
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

  // A Gateway whose last update asked for a protection that cannot be given serves nothing until that is settled.
  bool is_blocked(const StoredObject& gateway) const {
    const Rejection* rejection =
        inventory_.rejection(Kind::kGateway, gateway.object.id.namespace_name, gateway.object.id.name);
    return rejection != nullptr && rejection->protection;
  }

  const Inventory& inventory_;
  Warnings warnings_;
  std::vector<GatewayState> gateways_;
  GatewayIndex index_;
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
