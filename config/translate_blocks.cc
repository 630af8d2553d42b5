#include "config/translate_blocks.h"

#include <algorithm>

namespace kgw::config {
namespace {

// Groups are not compared: a target that was read loosely may lack its own, and too much blocked is the safe side.
bool names(const PolicyTarget& target, const StoredObject& object, const std::string* section_name) {
  if (!target.kind.empty() && target.kind != object.object.id.kind_name) return false;
  if (section_name != nullptr && !target.section_name.empty() && target.section_name != *section_name) return false;
  if (!target.name.empty()) return target.name == object.object.id.name;
  return std::ranges::all_of(target.labels, [&](const auto& label) {
    auto found = object.object.labels.find(label.first);
    return found != object.object.labels.end() && found->second == label.second;
  });
}

} // namespace

Blocks::Blocks(const Inventory& inventory) : inventory_(inventory) {
  for (const auto& [id, rejection] : inventory.rejections()) {
    if (rejection.protection && !rejection.targets.empty()) policies_.emplace_back(&id, &rejection);
  }
}

const Rejection* Blocks::of_rule(const StoredObject& route, const HttpRouteRule& rule) const {
  const Rejection* rejection = own(route);
  return rejection != nullptr ? rejection : attached(route, &rule.name);
}

const Rejection* Blocks::of_listener(const StoredObject& gateway, const std::string& listener) const {
  const Rejection* rejection = own(gateway);
  return rejection != nullptr ? rejection : attached(gateway, &listener);
}

const Rejection* Blocks::own(const StoredObject& object) const {
  const Identity& id = object.object.id;
  const Rejection* rejection = inventory_.rejection(id.kind, id.namespace_name, id.name);
  return rejection != nullptr && rejection->protection ? rejection : nullptr;
}

const Rejection* Blocks::attached(const StoredObject& object, const std::string* section_name) const {
  for (const auto& [id, rejection] : policies_) {
    if (id->namespace_name != object.object.id.namespace_name) continue;
    if (std::ranges::any_of(rejection->targets,
                            [&](const PolicyTarget& target) { return names(target, object, section_name); })) {
      return rejection;
    }
  }
  return nullptr;
}

} // namespace kgw::config
