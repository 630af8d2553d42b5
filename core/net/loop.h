#pragma once
// One thread's event loop: fd readiness from libevent, timers of our own, work posted from other threads, and an end to
// every turn. A loop without fds can run on a virtual clock: tests then decide what time it is.

#include <cstdint>
#include <functional>
#include <memory>

#include "base/intrusive_list.h"
#include "base/result.h"
#include "base/time.h"
#include "base/timer_wheel.h"

struct event_base;

namespace kgw::net {

// Wakes its owner in the turn after the current one (or, armed between turns, in the next), once. Intrusive: no
// allocation.
class Task : public base::ListLink<Task> {
 public:
  using Run = void (*)(void* context);
  Task(Run run, void* context) : run_(run), context_(context) {}

 private:
  friend class Loop;
  Run run_;
  void* context_;
};

// Something that dies at the end of the turn, never inside its own callback.
class Deferred : public base::ListLink<Deferred> {
 public:
  virtual ~Deferred() = default;
};

class Loop {
 public:
  enum class Clock : uint8_t { kReal, kVirtual };

  // Real: an event_base (EVENT_BASE_FLAG_NOLOCK), an eventfd mailbox and a timerfd. Virtual: none of these; now()
  // starts at a fixed instant and moves with advance() alone.
  static base::Result<std::unique_ptr<Loop>> make(Clock clock = Clock::kReal);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The instant at which the current turn began (CLOCK_MONOTONIC read once per turn, by the first thing that happens in
  // it).
  Instant now() const { return now_; }
  base::TimerWheel& wheel() { return *wheel_; }

  // Runs `task` in the next turn. Re-posting a posted task does nothing.
  void post(Task& task);
  // Owned: destroyed at the end of this turn, after all callbacks.
  void defer_delete(std::unique_ptr<Deferred> object);
  // Runs at the end of every turn, before deferred deletes (one per loop; coalesced flushes live there).
  void set_end_of_turn(void (*hook)(void* context), void* context);

  // Any thread: runs `work` on the loop's thread, in order. Work posted after stop() is still run before run() returns.
  void post_from_any_thread(std::move_only_function<void()> work);

  void run();                  // until stop()
  void stop();                 // any thread; ends one run(), the next one when none is on
  bool in_loop_thread() const; // before run(): the thread that made the loop

  // Virtual clock. One turn: tasks, due timers, end of turn. Returns whether anything ran.
  bool turn();
  // Moves time by `d`, stopping at every timer on the way, and runs turns until nothing is left to do at each.
  void advance(Duration d);
  // The same as if the thread had stood still meanwhile: everything that fell due fires late, in one turn.
  void jump(Duration d);
  // Turns until idle, without moving time.
  void settle();

  // For net's own files. base() is null on a virtual clock and after abandon_after_fork(). Every callback that libevent
  // makes calls enter_turn() first: libevent has no hook between its wait and its callbacks.
  event_base* base();
  void enter_turn() {
    if (!entered_) read_clock();
  }

  // A forked child must not touch the kernel objects it shares with its parent: closes the fds and forgets the rest.
  void abandon_after_fork();

 private:
  Loop();
  void read_clock();
  void real_turn();
  bool run_ready(base::IntrusiveList<Task, Task>& ready);
  bool run_mail();
  void end_turn();
  bool pending() const;

  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::unique_ptr<base::TimerWheel> wheel_;
  Instant now_{};
  bool entered_ = false; // this turn has read the clock
};

} // namespace kgw::net
