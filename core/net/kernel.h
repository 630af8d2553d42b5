#pragma once
// What a real-clock loop asks the kernel for: the wait (libevent), the alarm (a timerfd) and the bell that other
// threads ring (an eventfd). Internal to net.

#include <event2/event.h>
#include <event2/event_struct.h>

#include "net/loop.h"

namespace kgw::net {

Instant read_monotonic();

class Kernel {
 public:
  // `on_bell` comes on the loop's thread, once for any number of rings.
  static base::Result<std::unique_ptr<Kernel>> make(Loop& loop, void (*on_bell)(void* context), void* context);
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  event_base* base() { return base_; }
  // Waits for readiness (`block`) or looks (not `block`), then makes the callbacks.
  void wait(bool block) { event_base_loop(base_, block ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK); }
  void ring(); // any thread
  // The wait ends at `deadline` at the latest. Cheap when the alarm is early enough already: a later deadline is left
  // for the alarm to find out.
  void alarm_at(Instant deadline);
  // In a forked child, which shares the epoll instance with its parent: only closes, changes nothing. A pipe that
  // libevent keeps for signals, and that nobody outside can name, stays open.
  void close_fds();

 private:
  Kernel(Loop& loop, void (*on_bell)(void*), void* context) : loop_(loop), on_bell_(on_bell), context_(context) {}
  base::Result<void> open();
  static void bell_rang(int fd, short what, void* self);
  static void alarm_rang(int fd, short what, void* self);

  Loop& loop_;
  void (*on_bell_)(void*);
  void* context_;
  event_base* base_ = nullptr;
  int bell_fd_ = -1, alarm_fd_ = -1;
  event bell_, alarm_;
  Instant alarm_at_ = base::kNever; // kNever: not set
  bool rang_ = false;               // the timerfd is readable until it is set again
};

} // namespace kgw::net
