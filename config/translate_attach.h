#pragma once
// Which listeners take a route, and under which hostnames.

#include <map>
#include <string>
#include <vector>

#include "config/translate_listeners.h"

namespace kgw::config {

// Gateways by namespace and name.
using GatewayIndex = std::map<std::pair<std::string, std::string>, GatewayState*>;

struct Attachment {
  std::vector<ReferenceStatus> parents;                                       // with the condition Accepted alone
  std::vector<std::pair<ListenerState*, std::vector<std::string>>> listeners; // each once; effective hostnames
};

// Counts the route in the summary of each listener that takes it. A parent that is no Gateway, or one that does not
// exist, gets a warning and no entry.
Attachment attach_route(const StoredObject& route, const GatewayIndex& gateways, const Inventory& inventory,
                        Warnings& warnings);

} // namespace kgw::config
