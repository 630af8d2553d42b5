#pragma once
// What a policy does that its author may not expect. Nothing here changes the policy.

#include "config/translate_inventory.h"
#include "config/translate_warnings.h"

namespace kgw::config {

// `retries`: the RouteOption that gave the retry policy, null for none.
void advise(const StoredObject& route, size_t rule_index, const StoredObject* retries,
            const snapshot::ActionSpec& action, Warnings& warnings);

} // namespace kgw::config
