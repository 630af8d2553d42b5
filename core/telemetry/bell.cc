#include "telemetry/bell.h"

#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/text.h"

namespace kgw::telemetry {

base::Result<int> Bell::open() {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0)
    return base::fail(base::ErrorCode::kIo, std::string("access log: ").append(base::os_error_text(errno)), errno);
  return fd;
}

Bell::~Bell() {
  if (fd_ >= 0) close(fd_);
}

void Bell::force() {
  uint64_t one = 1;
  [[maybe_unused]] ssize_t n = write(fd_, &one, sizeof one); // it can only fail by being rung already
}

void Bell::wait(int limit_ms, int also) {
  pollfd fds[] = {{fd_, POLLIN, 0}, {also, POLLOUT, 0}};
  while (poll(fds, also < 0 ? 1 : 2, limit_ms) < 0 && errno == EINTR) {
  }
  wake();
  uint64_t rings = 0;
  if ((fds[0].revents & POLLIN) != 0) [[maybe_unused]]
    ssize_t n = read(fd_, &rings, sizeof rings);
}

void Bell::close_after_fork() {
  close(fd_);
  fd_ = -1;
}

} // namespace kgw::telemetry
