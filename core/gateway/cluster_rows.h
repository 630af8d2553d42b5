#pragma once
// What statistics and the admin address show of a cluster.

#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/host.h"
#include "cluster/runtime.h"
#include "telemetry/clusters.h"
#include "telemetry/stats.h"

namespace kgw::gateway {

// Of endpoints, over all workers: they share an endpoint's Health, whatever else is each worker's own.
using HostStatsByHealth = std::unordered_map<const cluster::Health*, cluster::HostStats>;

// A statistic's name in Prometheus' alphabet.
std::string family(const char* prefix, std::string name);
// Names are Envoy's; those of outlier detection, active checks and budgets only where the cluster has them.
void add_stats(const cluster::Runtime& runtime, std::vector<telemetry::StatRow>& rows);
telemetry::ClusterRow row_of(const cluster::Runtime& runtime, const HostStatsByHealth& stats);

} // namespace kgw::gateway
