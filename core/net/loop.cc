#include "net/loop.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "net/kernel.h"

namespace kgw::net {
namespace {

using Tasks = base::IntrusiveList<Task, Task>;
using Work = std::vector<std::move_only_function<void()>>;

constexpr Instant kVirtualStart{base::seconds(1000)};

} // namespace

struct Loop::Impl {
  Tasks posted;
  base::IntrusiveList<Deferred, Deferred> deferred;
  void (*end_of_turn)(void* context) = nullptr;
  void* end_of_turn_context = nullptr;
  std::unique_ptr<Kernel> kernel; // null on a virtual clock
  std::atomic<std::thread::id> thread{std::this_thread::get_id()};
  std::atomic<bool> stopped{false};
  bool abandoned = false;
  struct Shared {
    std::mutex mutex;
    Work work;
  } mailbox;

  void delete_deferred() {
    while (Deferred* object = deferred.pop_front()) delete object;
  }
  void ring() {
    if (kernel) kernel->ring();
  }
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}

base::Result<std::unique_ptr<Loop>> Loop::make(Clock clock) {
  std::unique_ptr<Loop> loop{new Loop};
  if (clock == Clock::kReal) {
    auto kernel = Kernel::make(*loop, [](void* self) { static_cast<Loop*>(self)->run_mail(); }, loop.get());
    if (!kernel) return std::unexpected(std::move(kernel.error()));
    loop->impl_->kernel = std::move(*kernel);
  }
  loop->now_ = clock == Clock::kReal ? read_monotonic() : kVirtualStart;
  loop->wheel_ = std::make_unique<base::TimerWheel>(loop->now_);
  return loop;
}

Loop::~Loop() {
  if (impl_->abandoned) { // threads that the fork did not copy may have been in the middle of anything here
    (void)impl_.release();
    (void)wheel_.release();
    return;
  }
  impl_->mailbox.work.clear(); // may own transports, which are still in the event base
  impl_->delete_deferred();
}

event_base* Loop::base() { return impl_->kernel && !impl_->abandoned ? impl_->kernel->base() : nullptr; }

bool Loop::in_loop_thread() const {
  return impl_->thread.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

void Loop::post(Task& task) {
  if (!task.linked()) impl_->posted.push_back(task);
}

void Loop::defer_delete(std::unique_ptr<Deferred> object) {
  if (object) impl_->deferred.push_back(*object.release());
}

void Loop::set_end_of_turn(void (*hook)(void* context), void* context) {
  impl_->end_of_turn = hook;
  impl_->end_of_turn_context = context;
}

void Loop::post_from_any_thread(std::move_only_function<void()> work) {
  bool first = false;
  {
    std::lock_guard lock{impl_->mailbox.mutex};
    first = impl_->mailbox.work.empty();
    impl_->mailbox.work.push_back(std::move(work));
  }
  if (first) impl_->ring();
}

void Loop::stop() {
  impl_->stopped.store(true, std::memory_order_release);
  impl_->ring();
}

void Loop::read_clock() {
  if (impl_->kernel) now_ = read_monotonic();
  entered_ = true;
}

bool Loop::run_ready(Tasks& ready) {
  bool ran = false;
  while (Task* task = ready.pop_front()) {
    task->run_(task->context_);
    ran = true;
  }
  return ran;
}

bool Loop::run_mail() {
  Work work;
  {
    std::lock_guard lock{impl_->mailbox.mutex};
    work.swap(impl_->mailbox.work);
  }
  for (auto& call : work) call();
  return !work.empty();
}

void Loop::end_turn() {
  if (impl_->end_of_turn != nullptr) impl_->end_of_turn(impl_->end_of_turn_context);
  impl_->delete_deferred();
  entered_ = false;
}

bool Loop::pending() const { return !impl_->posted.empty() || !impl_->deferred.empty() || wheel_->next() <= now_; }

void Loop::real_turn() {
  Tasks ready; // what is posted during the turn waits for the next one
  ready.splice_back(impl_->posted);
  bool block = ready.empty() && impl_->deferred.empty() && wheel_->next() > now_;
  if (block) impl_->kernel->alarm_at(wheel_->next());
  impl_->kernel->wait(block);
  enter_turn();
  run_ready(ready);
  wheel_->advance(now_);
  end_turn();
}

void Loop::run() {
  impl_->thread.store(std::this_thread::get_id(), std::memory_order_relaxed);
  while (!impl_->stopped.load(std::memory_order_acquire)) real_turn();
  do {
    enter_turn();
    end_turn();
  } while (run_mail());
  impl_->stopped.store(false, std::memory_order_relaxed);
}

bool Loop::turn() {
  Tasks ready;
  ready.splice_back(impl_->posted);
  bool ran = run_mail();
  ran |= run_ready(ready);
  ran |= wheel_->next() <= now_;
  wheel_->advance(now_);
  end_turn();
  return ran || pending();
}

void Loop::settle() {
  while (turn()) {
  }
}

void Loop::advance(Duration d) {
  Instant until = now_ + d;
  settle();
  while (wheel_->next() <= until) {
    now_ = std::max(now_, wheel_->next());
    settle();
  }
  now_ = until;
  settle();
}

void Loop::jump(Duration d) {
  now_ += d;
  settle();
}

void Loop::abandon_after_fork() {
  if (impl_->kernel) impl_->kernel->close_fds();
  impl_->abandoned = true;
}

} // namespace kgw::net
