#pragma once
// A finished request as texts and numbers, in the units and names of the access log: what kgw_attempts hands out and
// what a line of the log says. One place rounds and words, so that the two cannot differ.

#include <string>
#include <string_view>
#include <vector>

#include "telemetry/ring.h"

namespace kgw::telemetry {

inline constexpr double kMsNone = -1; // it did not happen

// Texts that do not change are borrowed from static tables.
struct AttemptView {
  std::string endpoint;
  std::string_view chosen, reset_reason, decision, decision_text;
  bool reused = false;
  double start_ms = kMsNone, connect_ms = kMsNone, first_byte_ms = kMsNone, end_ms = kMsNone, delay_ms = kMsNone;
  uint32_t status = 0;
  uint64_t bytes_sent = 0;
};

struct RequestView {
  uint64_t sequence = 0;
  int64_t start_time_us = 0;
  std::string method, path, authority, response_flags, response_code_details, upstream_host, upstream_cluster,
      route_name, request_id;
  std::string_view protocol;
  uint32_t response_code = 0, attempt_count = 0;
  uint64_t bytes_received = 0, bytes_sent = 0;
  double duration_ms = 0; // this and the times of attempts are whole microseconds
  std::vector<AttemptView> attempts;
};

// Overwrites all of `view`; a view that is used again keeps its memory.
void view_of(const StoredRecord& record, RequestView& view);

} // namespace kgw::telemetry
