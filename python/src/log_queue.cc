#include "log_queue.h"

#include <atomic>

namespace kgw::python {

namespace {

// Never freed: the log thread of a gateway that outlives the interpreter may still push.
std::atomic<LogQueue*> current{new LogQueue};

std::string copy(kgw_str text) { return text.size ? std::string(text.data, text.size) : std::string(); }

} // namespace

void LogQueue::push(int32_t level, kgw_str module, kgw_str message) {
  {
    std::lock_guard lock(mutex_);
    if (stopped_ || records_.size() >= kCapacity) {
      ++dropped_;
      return;
    }
    records_.push_back({level, copy(module), copy(message)});
    ++pushed_;
  }
  filled_.notify_one();
}

bool LogQueue::take(std::vector<LogRecord>& batch) {
  batch.clear();
  std::unique_lock lock(mutex_);
  done_ = taken_;
  drained_.notify_all();
  filled_.wait(lock, [this] { return stopped_ || !records_.empty(); });
  batch.swap(records_);
  taken_ += batch.size();
  return !batch.empty();
}

bool LogQueue::flush(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  uint64_t goal = pushed_;
  return drained_.wait_for(lock, limit, [this, goal] { return done_ >= goal; });
}

void LogQueue::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  filled_.notify_all();
}

uint64_t LogQueue::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

LogQueue& log_queue() { return *current.load(std::memory_order_acquire); }

void replace_log_queue() { current.store(new LogQueue, std::memory_order_release); }

void log_to_queue(int32_t level, kgw_str module, kgw_str message, void*) { log_queue().push(level, module, message); }

} // namespace kgw::python
