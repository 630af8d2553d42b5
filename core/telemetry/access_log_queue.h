#pragma once
// Finished requests on their way from one worker to the access log's writer: a ring of preallocated slots, one
// producer, one consumer, no lock. A full ring drops the new record and counts it.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/counter.h"
#include "telemetry/access_log_line.h"
#include "telemetry/bell.h"

namespace kgw::telemetry {

class AccessLogQueue {
 public:
  static constexpr size_t kHeaderBytes = 256; // a longer value is cut

  // `header_names`, lower case, outlive the queue.
  AccessLogQueue(size_t capacity, const std::vector<std::string>& header_names, Bell& bell);

  // ---- the worker's thread
  void push(const exchange::Record& record);

  // ---- the writer's thread
  bool empty() const { return begin_.load(std::memory_order_relaxed) == end_.load(); }
  size_t size() const { return static_cast<size_t>(end_.load() - begin_.load(std::memory_order_relaxed)); }
  // The oldest record; not empty().
  const StoredRecord& front() const { return slots_[slot(begin_.load(std::memory_order_relaxed))]; }
  // The headers of it that were there, under the names asked for.
  void front_headers(std::vector<LoggedHeader>& out) const;
  void pop() { begin_.store(begin_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  // ---- any thread
  uint64_t dropped() const { return dropped_.value(); }

 private:
  static constexpr uint16_t kAbsent = UINT16_MAX;
  size_t slot(uint64_t number) const { return static_cast<size_t>(number % slots_.size()); }
  void keep_headers(size_t slot, const http::Head& head);

  const std::vector<std::string>& header_names_;
  Bell& bell_;
  std::vector<StoredRecord> slots_;
  std::unique_ptr<char[]> values_;    // of headers: per slot, kHeaderBytes for each name
  std::unique_ptr<uint16_t[]> sizes_; // of them; kAbsent: the request has none

  // Each side writes its own line.
  alignas(base::kCacheLineBytes) std::atomic<uint64_t> end_{0}; // the producer's
  uint64_t begin_seen_ = 0;
  base::Counter dropped_;
  alignas(base::kCacheLineBytes) std::atomic<uint64_t> begin_{0}; // the consumer's
};

} // namespace kgw::telemetry
