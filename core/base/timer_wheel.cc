#include "base/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace kgw::base {
namespace {

constexpr Duration kTick = milliseconds(1);

} // namespace

TimerWheel::TimerWheel(Instant start) : origin_(start) {}

uint64_t TimerWheel::tick_of(Instant at) const {
  return at <= origin_ ? 0 : static_cast<uint64_t>((at - origin_) / kTick);
}

void TimerWheel::arm(Timer& timer, Instant at) {
  timer.unlink();
  if (at == kNever) return;
  timer.at_ = at;
  place(timer);
  next_ = std::min(next_, at);
}

void TimerWheel::place(Timer& timer) {
  uint64_t tick = std::max(tick_of(timer.at_), tick_), differs = tick ^ tick_;
  if (differs >> kTopShift != 0) return overflow_.push_back(timer);
  int level = differs == 0 ? 0 : (63 - std::countl_zero(differs)) / kSlotBits;
  auto index = static_cast<unsigned>(tick >> (level * kSlotBits)) % kSlots;
  slots_[level][index].push_back(timer);
  bits_[level][index / 64] |= uint64_t{1} << (index % 64);
}

void TimerWheel::place_all(Slot& slot) {
  Slot moving;
  moving.splice_back(slot);
  while (Timer* timer = moving.pop_front()) place(*timer);
}

bool TimerWheel::occupied(int level, unsigned from, unsigned& index) {
  for (unsigned word = from / 64; word < kSlots / 64; ++word) {
    uint64_t bits = bits_[level][word];
    if (word == from / 64) bits &= ~uint64_t{0} << (from % 64);
    for (; bits != 0; bits &= bits - 1) {
      index = word * 64 + static_cast<unsigned>(std::countr_zero(bits));
      if (!slots_[level][index].empty()) return true;
      bits_[level][word] &= ~(bits & -bits);
    }
  }
  return false;
}

TimerWheel::Found TimerWheel::earliest() {
  for (int level = 0; level < kLevels; ++level) {
    int shift = level * kSlotBits;
    unsigned at = static_cast<unsigned>(tick_ >> shift) % kSlots, index = 0;
    unsigned from = level == 0 ? at : at + 1; // the slot tick_ is in has been spread over the levels below
    if (from == kSlots || !occupied(level, from, index)) continue;
    uint64_t above = tick_ >> shift >> kSlotBits << kSlotBits;
    return {&slots_[level][index], level, (above | index) << shift};
  }
  if (overflow_.empty()) return {nullptr, 0, 0};
  return {&overflow_, kLevels, ((tick_ >> kTopShift) + 1) << kTopShift};
}

void TimerWheel::take_due(Slot& slot, Instant now) {
  for (Timer *timer = slot.front(), *after; timer != nullptr; timer = after) {
    after = slot.next(*timer);
    if (timer->at_ > now) continue;
    timer->unlink();
    due_.push_back(*timer);
  }
}

Instant TimerWheel::bound() {
  Found found = earliest();
  if (found.slot == nullptr) return kNever;
  if (found.level > 0) return origin_ + kTick * static_cast<Duration::rep>(found.tick);
  Instant first = kNever;
  for (Timer* timer = found.slot->front(); timer != nullptr; timer = found.slot->next(*timer)) {
    first = std::min(first, timer->at_);
  }
  return first;
}

void TimerWheel::advance(Instant now) {
  if (now < next_) return;
  uint64_t target = std::max(tick_of(now), tick_);
  for (Found found = earliest(); found.slot != nullptr && found.tick <= target; found = earliest()) {
    tick_ = found.tick;
    if (found.level > 0) {
      place_all(*found.slot);
      continue;
    }
    take_due(*found.slot, now);
    if (found.tick == target) break; // what is left there is due later in the same millisecond
  }
  tick_ = target;
  next_ = bound();
  while (Timer* timer = due_.pop_front()) timer->fire_(timer->context_, now);
}

} // namespace kgw::base
