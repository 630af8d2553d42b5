#pragma once
// Between the library's log thread and Python's logging. The log thread pushes and never waits for Python; one Python
// thread takes. What does not fit is counted and dropped.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include <kgwcore/kgwcore.h>

namespace kgw::python {

struct LogRecord {
  int32_t level;
  std::string module, message;
};

class LogQueue {
 public:
  static constexpr size_t kCapacity = 4096;

  void push(int32_t level, kgw_str module, kgw_str message);

  // Waits for records and moves them to `batch`, which also says that those taken before have been dealt with. False:
  // stopped, and empty.
  bool take(std::vector<LogRecord>& batch);

  // Waits until the records pushed so far have been dealt with; false when that takes longer than `limit`.
  bool flush(std::chrono::milliseconds limit);

  void stop();

  uint64_t dropped() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable filled_, drained_;
  std::vector<LogRecord> records_;
  uint64_t pushed_ = 0, taken_ = 0, done_ = 0, dropped_ = 0;
  bool stopped_ = false;
};

// The one queue of the process.
LogQueue& log_queue();

// In a forked child: another thread of the parent may have held the lock of the queue, so the child starts with a new
// one.
void replace_log_queue();

// The kgw_log_cb of every gateway.
void log_to_queue(int32_t level, kgw_str module, kgw_str message, void* user);

} // namespace kgw::python
