#pragma once
// What the admin address shows besides resources and clusters.

#include <nlohmann/json.hpp>

#include "src/controller.h"

namespace kgw::capi {

nlohmann::json routes_json(const std::vector<RouteView>& views);
nlohmann::json attempts_json(const std::vector<telemetry::RequestView>& views);
nlohmann::json settings_json();
nlohmann::json stats_json(const std::vector<telemetry::StatRow>& rows);
std::string listeners_text(const std::vector<gateway::Binding>& bindings);

} // namespace kgw::capi
