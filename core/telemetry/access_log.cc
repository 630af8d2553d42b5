#include "telemetry/access_log.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/text.h"

namespace kgw::telemetry {
namespace {

constexpr size_t kBatchBytes = 1 << 16;
constexpr int kNapMs = 10; // lines go out together; a first one goes at once
// Whoever shares standard output with us tells first where it listens.
constexpr int kFirstNapMs = 100;

} // namespace

base::Result<std::unique_ptr<AccessLog>> AccessLog::open(const AccessLogOptions& options, unsigned workers,
                                                         base::Log& log) {
  auto file = AccessLogFile::open(options.path);
  if (!file) return std::unexpected(file.error());
  auto bell = Bell::open();
  if (!bell) return std::unexpected(bell.error());
  auto done = Bell::open();
  if (!done) {
    Bell closes(*bell);
    return std::unexpected(done.error());
  }
  std::unique_ptr<AccessLog> made(new AccessLog(options, *bell, *done, log));
  made->file_ = std::move(*file);
  for (unsigned i = 0; i < workers; ++i) {
    size_t share = options.queue_records / workers + (i < options.queue_records % workers ? 1 : 0);
    made->queues_.push_back(std::make_unique<AccessLogQueue>(share, made->options_.headers, made->bell_));
  }
  return made;
}

uint64_t AccessLog::dropped() const {
  uint64_t count = given_up_.value();
  for (const auto& queue : queues_) count += queue->dropped();
  return count;
}

base::Result<void> AccessLog::reopen() {
  auto file = AccessLogFile::open(options_.path);
  if (!file) return std::unexpected(file.error());
  {
    std::lock_guard lock(mutex_);
    file_.swap(*file);
  }
  bell_.force(); // the writer may wait for the old one
  return {};
}

void AccessLog::finish(int limit_ms) {
  finishing_ = true;
  bell_.force();
  done_.wait(limit_ms);
  giving_up_ = true;
  bell_.force();
}

void AccessLog::abandon_after_fork() {
  bell_.close_after_fork();
  done_.close_after_fork();
  file_->close_after_fork();
}

// ---- the writer's thread -------------------------------------------------------------------------------------------

void AccessLog::run() {
  if (options_.path == "-") {
    bell_.doze(true);
    bell_.wait(kFirstNapMs);
  }
  while (true) {
    bool last = finishing_; // read first: what was pushed before finish() is seen by the drain
    bool any = drain();
    if (last && !any) break;
    if (last) continue;
    bell_.doze(any);
    bool more = false;
    if (!any) {
      for (const auto& queue : queues_) more |= !queue->empty();
    }
    if (more || finishing_) {
      bell_.wake();
    } else {
      bell_.wait(any ? kNapMs : -1);
    }
  }
  failed_.add(line_ends_.size()); // one that was begun and never ended
  done_.force();
}

bool AccessLog::drain() {
  bool any = false;
  for (const auto& queue : queues_) {
    // No more than it holds now: the others have their turn too.
    for (size_t left = queue->size(); left > 0; --left) {
      take(*queue);
      any = true;
      if (batch_.size() >= kBatchBytes) write_batch();
    }
  }
  if (any) write_batch();
  return any;
}

void AccessLog::take(AccessLogQueue& queue) {
  view_of(queue.front(), view_);
  if (options_.headers.empty()) {
    append_json(batch_, view_);
  } else {
    queue.front_headers(headers_);
    std::span<const LoggedHeader> headers(headers_);
    append_json(batch_, view_, &headers);
  }
  batch_ += '\n';
  line_ends_.push_back(batch_.size());
  queue.pop();
}

// What is left over is at most the rest of one line that was begun.
void AccessLog::write_batch() {
  while (next_line_ < line_ends_.size()) {
    ssize_t n = write_some();
    if (n >= 0) {
      took(static_cast<size_t>(n));
    } else if (n == -EAGAIN && !giving_up_) {
      bell_.wait(-1, current_->fd()); // the queues fill up behind us meanwhile, and count
    } else {
      give_up(static_cast<int>(-n));
      break;
    }
  }
  batch_.erase(0, at_);
  line_ends_.erase(line_ends_.begin(), line_ends_.begin() + static_cast<ptrdiff_t>(next_line_));
  for (size_t& end : line_ends_) end -= at_;
  next_line_ = at_ = 0;
}

ssize_t AccessLog::write_some() {
  std::lock_guard lock(mutex_);
  if (current_ != file_) change_file();
  if (next_line_ == line_ends_.size()) return 0;
  size_t end = line_ends_[next_line_];
  for (size_t i = next_line_ + 1; i < line_ends_.size() && line_ends_[i] - at_ <= current_->most_at_once(); ++i)
    end = line_ends_[i];
  return current_->write({batch_.data() + at_, end - at_});
}

// A line that was begun in one file is not ended in another.
void AccessLog::change_file() {
  if (begun_ && !current_->same_place(*file_)) {
    at_ = line_ends_[next_line_++];
    begun_ = false;
    failed_.add();
  }
  current_ = file_;
}

void AccessLog::took(size_t bytes) {
  if (bytes == 0) return;
  if (std::exchange(failing_, false))
    KGW_LOG(log_, base::LogLevel::kInfo, "access_log", "{}: lines are written again", options_.path);
  at_ += bytes;
  size_t line = 0; // where the one that at_ lies in begins
  while (next_line_ < line_ends_.size() && line_ends_[next_line_] <= at_) {
    line = line_ends_[next_line_++];
    written_.add();
  }
  begun_ = at_ > line;
}

// Lines that were not begun are lost, and the next ones tried afresh: a full disk may have room by then. The rest of a
// line that was begun goes before them, unless this is the end.
void AccessLog::give_up(int error) {
  size_t kept = begun_ && !giving_up_ ? 1 : 0;
  (error == EAGAIN ? given_up_ : failed_).add(line_ends_.size() - next_line_ - kept);
  line_ends_.resize(next_line_ + kept);
  batch_.resize(line_ends_.empty() ? 0 : line_ends_.back());
  at_ = std::min(at_, batch_.size());
  if (kept == 0) begun_ = false;
  if (error == EAGAIN || std::exchange(failing_, true)) return;
  KGW_LOG(log_, base::LogLevel::kWarning, "access_log", "{}: {}; lines are dropped and counted until this ends",
          options_.path, base::os_error_text(error));
}

} // namespace kgw::telemetry
