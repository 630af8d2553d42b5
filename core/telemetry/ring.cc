#include "telemetry/ring.h"

#include <algorithm>

namespace kgw::telemetry {

void Ring::add(const exchange::Record& record) {
  if (capacity_ == 0) return;
  if (records_.empty()) records_.resize(capacity_);
  StoredRecord& to = records_[sequence_ % capacity_];
  to.sequence = ++sequence_;
  to.start_unix_us = record.start_unix_us;
  to.version = record.version;
  to.method = record.method;
  to.request_id = record.request_id;
  to.authority = record.authority;
  to.route = record.route;
  to.cluster = record.cluster;
  to.path = record.path;
  to.ledger.copy_used(*record.ledger);
}

std::vector<StoredRecord> Ring::last(size_t limit) const {
  uint64_t kept = std::min<uint64_t>(sequence_, capacity_);
  if (limit != 0) kept = std::min<uint64_t>(kept, limit);
  std::vector<StoredRecord> result;
  result.reserve(kept);
  for (uint64_t i = sequence_ - kept; i < sequence_; ++i) result.push_back(records_[i % capacity_]);
  return result;
}

} // namespace kgw::telemetry
