#pragma once
// Refused documents that asked for a protection. Until that is settled, nothing that they govern is served without it:
// it answers 500.

#include <string>
#include <utility>
#include <vector>

#include "config/translate_inventory.h"

namespace kgw::config {

class Blocks {
 public:
  explicit Blocks(const Inventory& inventory);

  // Each gives the refusal that stands in the way, null when there is none.
  const Rejection* of_rule(const StoredObject& route, const HttpRouteRule& rule) const;
  const Rejection* of_listener(const StoredObject& gateway, const std::string& listener) const;
  const Rejection* of_backend(const StoredObject& backend) const { return attached(backend, nullptr); }

 private:
  const Rejection* own(const StoredObject& object) const;
  // Without a section name, a target that has one counts too.
  const Rejection* attached(const StoredObject& object, const std::string* section_name) const;

  const Inventory& inventory_;
  std::vector<std::pair<const Identity*, const Rejection*>> policies_;
};

} // namespace kgw::config
