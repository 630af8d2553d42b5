#pragma once
// How a cluster chooses among its endpoints, which it leaves out, and how many retries it allows. Plain data: config/
// fills it, the Runtime obeys it.

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace kgw::cluster {

enum class Balance : uint8_t { kRoundRobin, kLeastRequest, kRandom };

// Envoy's outlier detection; its defaults where kgateway's BackendConfigPolicy names none.
struct OutlierDetection {
  uint32_t consecutive_5xx = 5;                           // answers 5xx and local failures in a row; 0: off
  uint32_t consecutive_gateway_failure = 5;               // 502, 503, 504 and local failures in a row; 0: off
  bool enforce_gateway_failure = false;                   // otherwise these are only counted
  Duration interval = std::chrono::seconds(10);           // between looks at whose ejection has ended
  Duration base_ejection_time = std::chrono::seconds(30); // times the number of ejections so far
  Duration max_ejection_time = std::chrono::seconds(300); // or base_ejection_time, if that is longer
  uint32_t max_ejection_percent = 10; // of the endpoints, the next one included: by default none of fewer than ten
  bool always_eject_one = false;      // whatever the percentage
  bool operator==(const OutlierDetection&) const = default;
};

// Active health checks, over HTTP, or by gRPC's own service for it (grpc.health.v1.Health/Check).
struct HealthCheck {
  Duration timeout{}, interval{};
  uint32_t unhealthy_threshold = 0, healthy_threshold = 0;
  std::string host; // of the request; empty: the cluster's name
  std::string path, method = "GET";
  bool grpc = false;   // then path and method mean nothing
  std::string service; // that gRPC is asked for; empty: the server as a whole
  bool operator==(const HealthCheck&) const = default;
};

// XBackendTrafficPolicy: a retry may start while fewer retries than `percent` of the requests started in the last
// `interval`, or fewer than `min_count` retries started in the last `min_interval`. Replaces max_retries and
// retry_budget_*.
struct RetryRateBudget {
  uint32_t percent = 20;
  Duration interval = std::chrono::seconds(10);
  uint32_t min_count = 10;
  Duration min_interval = std::chrono::seconds(1);
  bool operator==(const RetryRateBudget&) const = default;
};

struct Policy {
  Balance balance = Balance::kRoundRobin;
  uint32_t choices = 2; // kLeastRequest: the best of so many random picks
  std::optional<OutlierDetection> outlier;
  std::optional<HealthCheck> health;
  std::optional<RetryRateBudget> retry_budget;
  bool operator==(const Policy&) const = default;
};

} // namespace kgw::cluster
