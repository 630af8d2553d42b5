#include "telemetry/access_log_queue.h"

#include <algorithm>

namespace kgw::telemetry {

AccessLogQueue::AccessLogQueue(size_t capacity, const std::vector<std::string>& header_names, Bell& bell)
    : header_names_(header_names), bell_(bell), slots_(std::max<size_t>(1, capacity)),
      values_(std::make_unique_for_overwrite<char[]>(slots_.size() * header_names.size() * kHeaderBytes)),
      sizes_(std::make_unique_for_overwrite<uint16_t[]>(slots_.size() * header_names.size())) {}

void AccessLogQueue::push(const exchange::Record& record) {
  uint64_t end = end_.load(std::memory_order_relaxed);
  // The consumer's line is fetched only when the ring looks half full.
  if ((end - begin_seen_ + 1) * 2 > slots_.size()) begin_seen_ = begin_.load(std::memory_order_acquire);
  uint64_t waiting = end - begin_seen_;
  if (waiting == slots_.size()) return dropped_.add();
  slots_[slot(end)].assign(record);
  if (!header_names_.empty()) keep_headers(slot(end), *record.head);
  end_.store(end + 1);
  bell_.ring((waiting + 1) * 2 > slots_.size());
}

void AccessLogQueue::keep_headers(size_t slot, const http::Head& head) {
  char* value = values_.get() + slot * header_names_.size() * kHeaderBytes;
  uint16_t* size = sizes_.get() + slot * header_names_.size();
  for (const std::string& name : header_names_) {
    const http::Field* field = head.find(name);
    *size++ = field == nullptr ? kAbsent : static_cast<uint16_t>(field->value_view().copy(value, kHeaderBytes));
    value += kHeaderBytes;
  }
}

void AccessLogQueue::front_headers(std::vector<LoggedHeader>& out) const {
  out.clear();
  size_t at = slot(begin_.load(std::memory_order_relaxed)) * header_names_.size();
  for (const std::string& name : header_names_) {
    if (sizes_[at] != kAbsent) out.push_back({name, {values_.get() + at * kHeaderBytes, sizes_[at]}});
    ++at;
  }
}

} // namespace kgw::telemetry
