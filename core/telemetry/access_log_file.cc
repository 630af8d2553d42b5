#include "telemetry/access_log_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

namespace kgw::telemetry {
namespace {

constexpr int kFlags = O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;

// Others use the same open description of standard output, and O_NONBLOCK would hold for them too: a pipe or terminal
// is opened anew. A file is shared with them on purpose, so that everybody's bytes go behind each other's.
int open_standard_output() {
  struct stat what{};
  if (fstat(STDOUT_FILENO, &what) < 0) return -1;
  if (S_ISFIFO(what.st_mode) || S_ISCHR(what.st_mode)) {
    int fd = ::open("/proc/self/fd/1", kFlags);
    if (fd >= 0) return fd;
  }
  return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

} // namespace

base::Result<std::shared_ptr<AccessLogFile>> AccessLogFile::open(const std::string& path) {
  int fd = path == "-" ? open_standard_output() : ::open(path.c_str(), kFlags | O_CREAT, 0666);
  if (fd < 0) {
    int error = errno;
    return base::fail(base::ErrorCode::kIo, ("access log " + path + ": ").append(base::os_error_text(error)), error);
  }
  return std::make_shared<AccessLogFile>(fd);
}

AccessLogFile::AccessLogFile(int fd) : fd_(fd) {
  struct stat what{};
  if (fstat(fd, &what) == 0) {
    regular_ = S_ISREG(what.st_mode);
    socket_ = S_ISSOCK(what.st_mode);
    device_ = what.st_dev;
    inode_ = what.st_ino;
  }
  blocking_ = !regular_ && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

AccessLogFile::~AccessLogFile() {
  if (fd_ >= 0) close(fd_);
}

ssize_t AccessLogFile::write(std::string_view text) {
  ssize_t n = 0;
  if (socket_) {
    n = send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } else {
    if (blocking_) { // a pipe or terminal with room takes PIPE_BUF bytes without waiting
      pollfd room{fd_, POLLOUT, 0};
      if (poll(&room, 1, 0) == 0) return -EAGAIN;
    }
    n = ::write(fd_, text.data(), text.size());
  }
  if (n > 0) return n;
  return n == 0 ? -EAGAIN : -errno;
}

void AccessLogFile::close_after_fork() {
  close(fd_);
  fd_ = -1;
}

} // namespace kgw::telemetry
