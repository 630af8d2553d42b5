#include "net/kernel.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/text.h"
#include "net/fork.h"

namespace kgw::net {
namespace {

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

// No lock: one thread per base. No environment. No cached time: libevent's own timers are not used, so it need not read
// a clock in every turn.
event_base* new_base() {
  event_config* config = event_config_new();
  if (config == nullptr) return nullptr;
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV | EVENT_BASE_FLAG_NO_CACHE_TIME);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  return base;
}

} // namespace

Instant read_monotonic() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant{base::seconds(now.tv_sec) + Duration(now.tv_nsec)};
}

base::Result<std::unique_ptr<Kernel>> Kernel::make(Loop& loop, void (*on_bell)(void* context), void* context) {
  std::unique_ptr<Kernel> kernel{new Kernel(loop, on_bell, context)};
  auto opened = kernel->open();
  if (!opened) return std::unexpected(std::move(opened.error()));
  return kernel;
}

base::Result<void> Kernel::open() {
  base_ = new_base();
  bell_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  alarm_fd_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  int error = errno;
  if (base_ == nullptr || bell_fd_ < 0 || alarm_fd_ < 0) {
    return base::fail(base::ErrorCode::kIo, std::string("event loop: ").append(base::os_error_text(error)), error);
  }
  event_assign(&bell_, base_, bell_fd_, EV_READ | EV_PERSIST, bell_rang, this);
  event_assign(&alarm_, base_, alarm_fd_, EV_READ | EV_PERSIST, alarm_rang, this);
  if (event_add(&bell_, nullptr) != 0 || event_add(&alarm_, nullptr) != 0) {
    return base::fail(base::ErrorCode::kIo, "event loop: epoll_ctl failed", errno);
  }
  return {};
}

Kernel::~Kernel() {
  if (base_ != nullptr) {
    if (event_initialized(&bell_)) event_del(&bell_);
    if (event_initialized(&alarm_)) event_del(&alarm_);
    event_base_free(base_);
  }
  close_fd(bell_fd_);
  close_fd(alarm_fd_);
}

void Kernel::bell_rang(int fd, short, void* self) {
  auto& kernel = *static_cast<Kernel*>(self);
  kernel.loop_.enter_turn();
  uint64_t rings = 0;
  [[maybe_unused]] ssize_t got = ::read(fd, &rings, sizeof rings);
  kernel.on_bell_(kernel.context_);
}

void Kernel::alarm_rang(int, short, void* self) {
  auto& kernel = *static_cast<Kernel*>(self);
  kernel.loop_.enter_turn();
  kernel.rang_ = true; // no read: setting the timerfd again, which the end of this turn does, takes the readiness away
  kernel.alarm_at_ = base::kNever;
}

void Kernel::ring() {
  uint64_t one = 1;
  while (::write(bell_fd_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void Kernel::alarm_at(Instant deadline) {
  if (deadline >= alarm_at_ && !rang_) return;
  itimerspec when{}; // all zero: off
  if (deadline != base::kNever) {
    auto ns = std::max<Duration::rep>(deadline.time_since_epoch().count(), 1);
    when.it_value = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  }
  timerfd_settime(alarm_fd_, TFD_TIMER_ABSTIME, &when, nullptr);
  alarm_at_ = deadline;
  rang_ = false;
}

void Kernel::close_fds() {
  int epoll_fd = epoll_fd_watching(bell_fd_);
  close_fd(epoll_fd);
  close_fd(bell_fd_);
  close_fd(alarm_fd_);
  base_ = nullptr; // lost on purpose: freeing it would take the parent's fds out of the shared epoll instance
}

} // namespace kgw::net
