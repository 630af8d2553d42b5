#pragma once
// The access log: workers push finished requests into queues of their own, one thread turns them into lines and writes
// these. Nothing that happens to the output reaches a worker: what does not fit into a queue, and what cannot be
// written, is counted.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "telemetry/access_log_file.h"
#include "telemetry/access_log_queue.h"

namespace kgw::telemetry {

struct AccessLogOptions {
  std::string path;                 // as AccessLogFile::open; empty: there is no log
  std::vector<std::string> headers; // of requests, by lower-case name
  size_t queue_records = 4096;      // over all workers
};

class AccessLog {
 public:
  static base::Result<std::unique_ptr<AccessLog>> open(const AccessLogOptions& options, unsigned workers,
                                                       base::Log& log);

  AccessLogQueue& queue(unsigned worker) { return *queues_[worker]; }
  void run(); // the writer's thread; returns after finish()

  // ---- any thread
  // Opens the path again and writes there from now on, nothing more into the old file. After kIo the old one stays.
  base::Result<void> reopen();
  // When no worker pushes any more: writes what is queued, for at most `limit_ms`, and makes run() return. What is left
  // then counts as dropped.
  void finish(int limit_ms);
  uint64_t written() const { return written_.value(); } // lines
  uint64_t dropped() const; // records that found a queue full, or an output that takes nothing
  uint64_t write_failed() const { return failed_.value(); } // lines that the system refused

  void abandon_after_fork();

 private:
  AccessLog(const AccessLogOptions& options, int bell, int done, base::Log& log)
      : options_(options), log_(log), bell_(bell), done_(done) {}
  bool drain();
  void take(AccessLogQueue& queue);
  void write_batch();
  ssize_t write_some();
  void change_file();
  void took(size_t bytes);
  void give_up(int error);

  const AccessLogOptions options_;
  base::Log& log_;
  Bell bell_, done_;
  std::vector<std::unique_ptr<AccessLogQueue>> queues_;
  std::mutex mutex_; // held while a line is written, so that nothing goes into a file that reopen() has left
  std::shared_ptr<AccessLogFile> file_;
  std::atomic<bool> finishing_{false}, giving_up_{false};

  // ---- the writer's thread
  std::string batch_;                      // whole lines; of the first one, what is left of it
  std::vector<size_t> line_ends_;          // in batch_
  size_t next_line_ = 0, at_ = 0;          // the first line that is not written, and from where
  bool begun_ = false;                     // a part of that line stands in file_ already
  bool failing_ = false;                   // the last write was refused
  std::shared_ptr<AccessLogFile> current_; // that begun_ speaks of
  RequestView view_;
  std::vector<LoggedHeader> headers_;
  base::Counter written_, failed_, given_up_;
};

} // namespace kgw::telemetry
