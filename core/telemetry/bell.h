#pragma once
// Wakes the access log's writer. Workers ring it per request, and that must cost a load: the system call is made only
// when the writer sleeps, or naps while a queue is half full.

#include <atomic>

#include "base/result.h"

namespace kgw::telemetry {

class Bell {
 public:
  static base::Result<int> open(); // its descriptor
  explicit Bell(int fd) : fd_(fd) {}
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  // ---- any thread
  void ring(bool urgent) {
    State state = state_.load();
    if (state == State::kAwake || (state == State::kNapping && !urgent)) return;
    if (state_.exchange(State::kAwake) != State::kAwake) force();
  }
  void force(); // whatever the writer does

  // ---- the writer's thread. What it looks at between doze() and wait() is not missed: both sides are sequentially
  // consistent.
  void doze(bool nap) { state_.store(nap ? State::kNapping : State::kAsleep); }
  void wake() { state_.store(State::kAwake); }
  // Until it is rung, `also` can be written (-1: nothing else), or `limit_ms` are over (-1: no limit); then awake.
  void wait(int limit_ms, int also = -1);

  void close_after_fork();

 private:
  enum class State : int { kAwake, kNapping, kAsleep };
  std::atomic<State> state_{State::kAwake};
  int fd_;
};

} // namespace kgw::telemetry
