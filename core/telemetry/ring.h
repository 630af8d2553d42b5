#pragma once
// The last finished requests of one worker. Written and read on that worker's thread alone.

#include <cstdint>
#include <vector>

#include "exchange/record.h"

namespace kgw::telemetry {

// A Record that owns its texts, cut to bounds.
struct StoredRecord {
  uint64_t sequence = 0;
  int64_t start_unix_us = 0;
  http::Version version = http::Version::kHttp11;
  exchange::FixedText<16> method;
  exchange::FixedText<36> request_id;
  exchange::FixedText<128> authority, route, cluster;
  exchange::FixedText<256> path;
  exchange::Ledger ledger;
};

class Ring {
 public:
  explicit Ring(size_t capacity) : capacity_(capacity) {}
  void add(const exchange::Record& record);
  // The last `limit` records (0: all), oldest first.
  std::vector<StoredRecord> last(size_t limit) const;

 private:
  size_t capacity_;
  uint64_t sequence_ = 0;
  std::vector<StoredRecord> records_;  // grows to its capacity once
};

} // namespace kgw::telemetry
