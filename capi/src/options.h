#pragma once
// kgw_gateway_options, read once and checked: every text copied, every pair parsed.

#include "base/log.h"
#include "base/result.h"
#include "config/store.h"
#include "kgwcore/kgwcore.h"
#include "net/address.h"
#include "telemetry/access_log.h"

namespace kgw::capi {

struct Options {
  config::TranslateOptions translate;
  unsigned workers = 1;
  bool keep_going = false;
  base::LogLevel log_level = base::LogLevel::kOff;
  kgw_log_cb log = nullptr;
  void* log_user = nullptr;
  std::string admin_host; // empty: no admin address
  uint16_t admin_port = 0;
  std::string admin_token;
  uint64_t seed = 0;
  std::vector<net::Cidr> internal;
  telemetry::AccessLogOptions access_log;
};

// `options` may be null: the defaults. Fails with kInvalid and a text that names the option.
base::Result<Options> read_options(const kgw_gateway_options* options);

} // namespace kgw::capi
