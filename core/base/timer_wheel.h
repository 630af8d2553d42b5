#pragma once
// Timers of one loop. Pure: time comes in as an argument. libevent's own timers are 1 ms ticks that fire 2 to 3 ms
// late, or cost a system call per turn; back-offs of [0, 25) ms need better.

#include <cstddef>
#include <cstdint>

#include "base/intrusive_list.h"
#include "base/time.h"

namespace kgw::base {

// Intrusive: lives inside the object it wakes. Destroying an armed timer disarms it.
class Timer : public ListLink<Timer> {
 public:
  using Fire = void (*)(void* context, Instant now);
  Timer(Fire fire, void* context) : fire_(fire), context_(context) {}
  bool armed() const { return linked(); }
  Instant at() const { return armed() ? at_ : kNever; }
  void disarm() { unlink(); }

 private:
  friend class TimerWheel;
  Fire fire_;
  void* context_;
  Instant at_ = kNever;
};

// Hierarchical wheel, 1 ms slots. arm and disarm are O(1); advance costs the slots passed (capped) and the timers due.
// A timer never fires before its instant, and fires in the first advance() whose `now` has reached it.
class TimerWheel {
 public:
  explicit TimerWheel(Instant start);
  // (Re)arms. An instant that has passed fires in the next advance(); kNever disarms.
  void arm(Timer& timer, Instant at);
  // The earliest instant at which advance() may have something to do; kNever when empty. May be earlier than the
  // earliest timer (a slot border of a coarse level, a timer that was disarmed), never later. A load, no search.
  Instant next() const { return next_; }
  // Fires everything due, in order of instant for distinct milliseconds. Callbacks may arm, disarm and destroy any
  // timer, themselves included; what they arm at or before `now` fires in the next call.
  void advance(Instant now);

 private:
  static constexpr int kLevels = 4, kSlotBits = 8, kSlots = 1 << kSlotBits, kTopShift = kLevels * kSlotBits;
  using Slot = IntrusiveList<Timer, Timer>;
  // An occupied slot, and the first tick of the time it covers.
  struct Found {
    Slot* slot;
    int level;
    uint64_t tick;
  };
  uint64_t tick_of(Instant at) const;
  void place(Timer& timer);
  void place_all(Slot& slot);
  // The earliest slot that holds a timer; its level is kLevels for the overflow, its slot null when there is none.
  Found earliest();
  bool occupied(int level, unsigned from, unsigned& index);
  void take_due(Slot& slot, Instant now);
  Instant bound();

  Instant origin_;
  Instant next_ = kNever;
  uint64_t tick_ = 0; // ms since origin_, all ticks below it are done; may lag behind the clock while nothing is due
  // A timer lies at the level of the highest byte in which its tick differs from tick_, in the slot that byte names:
  // all of a level comes before all of the next one. The bits may be set for slots that disarming has emptied.
  Slot slots_[kLevels][kSlots];
  uint64_t bits_[kLevels][kSlots / 64] = {};
  Slot overflow_; // beyond the top level (about 49 days)
  Slot due_;
};

} // namespace kgw::base
