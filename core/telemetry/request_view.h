#pragma once
// A finished request as texts and numbers: what kgw_attempts hands out and what the admin address prints as JSON.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "telemetry/ring.h"

namespace kgw::capi {

inline constexpr double kMsNone = -1;

struct AttemptView {
  std::string endpoint, reset_reason, decision, decision_text;
  bool reused = false;
  double start_ms = kMsNone, connect_ms = kMsNone, first_byte_ms = kMsNone, end_ms = kMsNone, delay_ms = kMsNone;
  uint32_t status = 0;
  uint64_t bytes_sent = 0;
};

struct RequestView {
  uint64_t sequence = 0;
  int64_t start_time_us = 0;
  std::string method, path, protocol, authority, response_flags, response_code_details, upstream_host, upstream_cluster, route_name,
      request_id;
  uint32_t response_code = 0, attempt_count = 0;
  uint64_t bytes_received = 0, bytes_sent = 0;
  double duration_ms = 0;
  std::vector<AttemptView> attempts;
};

RequestView view_of(const telemetry::StoredRecord& record);
// Envoy's access-log operators in lower case.
nlohmann::json to_json(const RequestView& view);

} // namespace kgw::capi
