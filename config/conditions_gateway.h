#pragma once
// The status of a Gateway and its listeners.

#include <map>
#include <string>
#include <vector>

#include "config/translate.h"

namespace kgw::config {

using BindingsByListener = std::map<std::string, std::vector<ListenerBinding>>;

// Listeners without a binding are Pending. `previous` is the status that stood before.
nlohmann::json gateway_status(const GatewaySummary& gateway, const BindingsByListener& bindings,
                              const nlohmann::json& previous, const std::string& now);

} // namespace kgw::config
