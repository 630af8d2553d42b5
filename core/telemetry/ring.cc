#include "telemetry/ring.h"

#include <algorithm>

namespace kgw::telemetry {
namespace {

// The next slot was last touched a whole ring ago: have it near by the time it is written.
void prefetch(const StoredRecord& slot) {
  constexpr size_t kLine = 64, kUsualTexts = 192, kUsualLedger = 320;
  auto* from = reinterpret_cast<const char*>(&slot);
  for (size_t at = 0; at < kUsualTexts; at += kLine) __builtin_prefetch(from + at, 1);
  auto* ledger = reinterpret_cast<const char*>(&slot.ledger);
  for (size_t at = 0; at < kUsualLedger; at += kLine) __builtin_prefetch(ledger + at, 1);
}

} // namespace

void StoredRecord::assign(const exchange::Record& record) {
  start_unix_us = record.start_unix_us;
  version = record.version;
  texts.assign({record.method, record.request_id, record.path, record.authority, record.route, record.cluster});
  ledger.copy_used(*record.ledger);
}

void Ring::add(const exchange::Record& record) {
  if (capacity_ == 0) return;
  if (records_.empty()) records_.resize(capacity_);
  StoredRecord& to = records_[sequence_ % capacity_];
  to.sequence = ++sequence_;
  to.assign(record);
  prefetch(records_[sequence_ % capacity_]);
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
