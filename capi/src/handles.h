#pragma once
// What the opaque types of the header hold.

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <unistd.h>

#include "src/controller.h"
#include "src/guard.h"

struct kgw_gateway {
  std::unique_ptr<kgw::capi::Controller> controller;
  pid_t owner = getpid();                         // a forked child may only free
  std::mutex mutex;                               // guards what listener_at hands out
  std::vector<kgw::capi::ListenerView> listeners; // what the last count saw
  std::set<std::string> texts;                    // of the records given out: names and addresses, few and short
  std::atomic<bool> stopped{false};

  bool inherited() const { return getpid() != owner; }
};

struct kgw_batch {
  std::vector<kgw::capi::Text> texts;
};

struct kgw_results {
  struct Row {
    kgw::config::ApplyResult result;
    std::string resource;
  };
  std::vector<Row> rows;
};

struct kgw_text {
  std::string text;
};

struct kgw_attempts {
  std::vector<kgw::telemetry::RequestView> rows;
};

struct kgw_stats {
  std::vector<kgw::telemetry::StatRow> rows;
};

struct kgw_routes {
  std::vector<kgw::capi::RouteView> rows;
};

namespace kgw::capi {

// The body of a call that needs a live gateway of this process.
template <typename Body> kgw_status with_gateway(kgw_gateway* gateway, kgw_error** error, Body&& body) noexcept {
  return guard(error, [&] {
    if (gateway == nullptr) return set_error(error, KGW_STATUS_USAGE, "gateway is NULL");
    if (gateway->inherited()) {
      return set_error(error, KGW_STATUS_STATE,
                       "this gateway was made by the parent process; a forked child may only free it");
    }
    return body(*gateway->controller);
  });
}

} // namespace kgw::capi
