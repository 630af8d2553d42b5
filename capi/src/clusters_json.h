#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "telemetry/clusters.h"

namespace kgw::capi {

// As Envoy's /clusters?format=json: numbers that are 0 and flags that are not set are left out, 64-bit numbers are
// texts.
nlohmann::json clusters_json(const std::vector<telemetry::ClusterRow>& rows);

} // namespace kgw::capi
