#pragma once
// What is filed when an exchange is done. Texts are borrowed for the call.

#include <cstdint>
#include <string_view>

#include "exchange/ledger.h"
#include "http/head.h"

namespace kgw::exchange {

struct Record {
  const Ledger* ledger = nullptr;
  int64_t start_unix_us = 0;
  std::string_view method, path, authority, request_id, route, cluster;
  http::Version version = http::Version::kHttp11;
  const http::Head* head = nullptr; // of the request, as shaped; without fields when it could not be parsed
};

} // namespace kgw::exchange
