#pragma once
// Finished requests for the tests of this folder.

#include "telemetry/ring.h"

namespace kgw::telemetry {

// A request and what its Record borrows.
struct Finished {
  exchange::Ledger ledger;
  http::Head head;
  std::string path = "/get?x=1";

  Finished() {
    ledger.open(Instant(std::chrono::seconds(1)));
    ledger.ended = ledger.opened;
  }
  exchange::Record record() const {
    return {.ledger = &ledger,
            .start_unix_us = 1'764'062'085'123'456,
            .method = "GET",
            .path = path,
            .authority = "a.example:80",
            .request_id = "id",
            .route = "ns/route/0",
            .cluster = "ns_svc_80",
            .head = &head};
  }
};

} // namespace kgw::telemetry
