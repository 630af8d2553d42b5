#pragma once
// What the access log writes into: a file, a pipe, a terminal, standard output. Writes never wait.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kgw::telemetry {

class AccessLogFile {
 public:
  // "-" is standard output. Anything else is appended to and made when it is not there; a FIFO needs a reader. kIo with
  // the path and errno.
  static base::Result<std::shared_ptr<AccessLogFile>> open(const std::string& path);
  explicit AccessLogFile(int fd);
  ~AccessLogFile();
  AccessLogFile(const AccessLogFile&) = delete;
  AccessLogFile& operator=(const AccessLogFile&) = delete;

  // Bytes taken; -errno when none were: EAGAIN is "later", see fd().
  ssize_t write(std::string_view text);
  // More than this is not to be written in one call: the kernel takes as much as PIPE_BUF whole or not at all, so that
  // a reader that stops, or another writer, tears no line.
  size_t most_at_once() const { return regular_ ? kFileBytes : kPipeBytes; }
  int fd() const { return fd_; } // to wait on
  bool same_place(const AccessLogFile& other) const { return device_ == other.device_ && inode_ == other.inode_; }
  void close_after_fork();

 private:
  static constexpr size_t kPipeBytes = 4096, kFileBytes = 1 << 18;
  int fd_;
  bool regular_ = false, socket_ = false, blocking_ = false;
  uint64_t device_ = 0, inode_ = 0;
};

} // namespace kgw::telemetry
