// The machine's clocks: which are due when, and what happens then.
#include "exchange/machine.h"

#include <algorithm>
#include <bit>

namespace kgw::exchange {

using base::kNever;
using retry::Reason;
using Tally = cluster::Outcome::Tally;

// The per-try clock starts at the later of "stream obtained" and "request received"; both events call this.
void Machine::arm_per_try(Instant now) {
  bool ready = (ready_ & live_ & (1u << newest_)) != 0;
  if (!ready || (request_ != Half::kEnded && !plan_->tunnel) || phase_ != Phase::kTrying || informed_) return;
  if (plan_->per_try > Duration{}) set_due(kPerTry, now + plan_->per_try);
  if (per_try_idle_ > Duration{}) set_due(kPerTryIdle, now + per_try_idle_);
}

void Machine::stop_per_try() {
  set_due(kPerTry, kNever);
  set_due(kPerTryIdle, kNever);
}

// Each attempt has its own clock; the oldest one's is armed.
void Machine::arm_attempt_duration() {
  if (plan_->attempt_duration == Duration{}) return;
  Instant due = kNever;
  for (auto mask = static_cast<uint16_t>(live_ & ready_); mask != 0; mask &= static_cast<uint16_t>(mask - 1)) {
    due = std::min(due, record(static_cast<uint8_t>(std::countr_zero(mask))).connected + plan_->attempt_duration);
  }
  set_due(kAttemptDuration, due);
}

void Machine::set_due(Due which, Instant at) {
  if (due_[which] == at) return;
  due_[which] = at;
  deadline_ = *std::min_element(std::begin(due_), std::end(due_));
}

Step Machine::timeout(Instant now) {
  if (due_[kGlobal] <= now) return global_timeout(now);
  if (due_[kDuration] <= now) return duration_timeout(now);
  if (due_[kAttemptDuration] <= now) return attempt_duration_timeout(now);
  bool hedging = plan_->hedge && phase_ == Phase::kTrying;
  if (due_[kPerTry] <= now) return hedging ? hedge(now) : per_try_timeout(false, now);
  if (due_[kPerTryIdle] <= now) return hedging ? hedge(now) : per_try_timeout(true, now);
  if (due_[kFault] <= now) {
    set_due(kFault, kNever);
    if (plan_->faults->per_attempt) return attempt_fault(now);
    return retry::strikes(plan_->faults->abort_ppm, *random_) ? inject_abort(now) : begin(now);
  }
  set_due(kBackoff, kNever);
  if (std::popcount(live_) == kMaxLive) {
    slot_.release();
    record(newest_).decision = Decision::kHedgesFull;
    return {};
  }
  stats().upstream_rq_retry.add();
  if (wait_ == Wait::kExponential) stats().upstream_rq_retry_backoff_exponential.add();
  if (wait_ == Wait::kRatelimited) stats().upstream_rq_retry_backoff_ratelimited.add();
  executed_ = true;
  return start_attempt(now);
}

Step Machine::global_timeout(Instant now) {
  auto waiting_for =
      static_cast<unsigned>(std::popcount(live_)); // in back-off nothing is in flight, and nothing is charged
  stats().upstream_rq_timeout.add(waiting_for);
  ledger_->flags.set(Flag::kUT);
  if (phase_ == Phase::kRelaying) return cut_response(Decision::kGlobalTimeout, "response_timeout", now);
  ledger_->outcome = Decision::kGlobalTimeout;
  uint16_t reset = live_;
  Reply reply = timeout_reply();
  auto late = static_cast<uint16_t>(live_ & ready_ & ~reported_slow_);
  for (; late != 0; late &= static_cast<uint16_t>(late - 1)) {
    report(static_cast<uint8_t>(std::countr_zero(late)), {Tally::kTimeout, reply.status}, now);
  }
  give_up(reset, Decision::kGlobalTimeout, now);
  for (; waiting_for > 0; --waiting_for) charge(reply.status);
  return local_reply(reply, "response_timeout", now, reset);
}

Step Machine::duration_timeout(Instant now) {
  set_due(kDuration, kNever);
  if (phase_ == Phase::kRelaying) return cut_response(Decision::kRequestDuration, "max_duration_timeout", now);
  ledger_->outcome = Decision::kRequestDuration;
  uint16_t reset = live_;
  give_up(reset, Decision::kRequestDuration, now);
  constexpr int8_t kDeadlineExceeded = 4;
  Reply reply{request_ == Half::kEnded ? uint16_t{504} : uint16_t{408}, "downstream duration timeout", false, false,
              kDeadlineExceeded};
  return local_reply(reply, "max_duration_timeout", now, reset);
}

Step Machine::attempt_duration_timeout(Instant now) {
  uint8_t slot = 0;
  while ((live_ & ready_ & (1u << slot)) == 0 || record(slot).connected + plan_->attempt_duration > now) ++slot;
  stats().upstream_rq_max_duration_reached.add();
  constexpr std::string_view kDetails = "upstream_max_stream_duration_reached";
  if (phase_ == Phase::kRelaying) {
    ledger_->flags.set(Flag::kUMSDR);
    return cut_response(Decision::kAttemptDuration, kDetails, now);
  }
  auto reset = static_cast<uint16_t>(1u << slot);
  end_attempt(slot, Reason::kLocalReset, now);
  head_sent_ = true;
  AttemptRecord& attempt = record(slot);
  attempt.decision = retry_on_               ? Decision::kAttemptDuration
                     : plan_->retry->on == 0 ? Decision::kNoPolicy
                                             : Decision::kRetriesEnded;
  if (retry_on_ && may_spawn(slot)) {
    bool covered = retry::covers(plan_->retry->on, Reason::kLocalReset, head_sent_);
    if (judge(slot, covered, Decision::kRetryAttemptDuration, Decision::kAttemptDuration, now, false)) {
      return {.acts = kReset, .reset = reset, .slot = slot};
    }
  }
  // Envoy: not even another attempt that runs already keeps the request alive.
  reset |= live_;
  give_up(live_, Decision::kLostRace, now);
  ledger_->flags.set(Flag::kUMSDR);
  ledger_->outcome = attempt.decision;
  return local_reply(
      {request_ == Half::kEnded ? uint16_t{504} : uint16_t{408}, "upstream max stream duration reached", false},
      kDetails, now, reset);
}

Step Machine::per_try_timeout(bool idle, Instant now) {
  stop_per_try();
  (idle ? stats().upstream_rq_per_try_idle_timeout : stats().upstream_rq_per_try_timeout).add();
  std::string_view details = idle ? "upstream_per_try_idle_timeout" : "upstream_per_try_timeout";
  auto late = static_cast<uint8_t>(std::countr_zero(live_)); // the only one: without hedging, or behind a head
  report(late, {phase_ == Phase::kTrying ? Tally::kTimeout : Tally::kNothing, timeout_reply().status}, now);
  if (phase_ ==
      Phase::kRelaying) { // the idle one runs on behind the head, the other one if it is for the whole response
    ledger_->flags.set(Flag::kUT);
    return cut_response(idle ? Decision::kPerTryIdle : Decision::kPerTryCut, details, now);
  }
  uint8_t slot = newest_;
  auto reset = static_cast<uint16_t>(1u << slot);
  end_attempt(slot, Reason::kPerTryTimeout, now);
  head_sent_ = true;
  if (retry_on_) {
    bool covered = retry::covers(plan_->retry->on, Reason::kPerTryTimeout, head_sent_);
    if (judge(slot, covered, Decision::kRetryPerTryTimeout, Decision::kPerTryTimeoutNotCovered, now, false)) {
      timed_out_ = true;
      return {.acts = kReset, .reset = reset, .slot = slot};
    }
  } else {
    record(slot).decision = plan_->retry->on == 0 ? Decision::kNoPolicy : Decision::kRetriesEnded;
  }
  ledger_->flags.set(Flag::kUT);
  ledger_->outcome = record(slot).decision;
  Reply reply = timeout_reply();
  charge(reply.status);
  return local_reply(reply, details, now, reset);
}

// The slow attempt runs on; whatever the tokens, another one is asked for. A refusal leaves its flag and changes
// nothing else.
Step Machine::hedge(Instant now) {
  stop_per_try();
  auto slow = static_cast<uint16_t>(1u << newest_);
  if ((live_ & slow) != 0) report(newest_, {Tally::kNothing, timeout_reply().status}, now);
  reported_slow_ |= slow;
  if (retry_on_ && may_spawn(newest_))
    timed_out_ = judge(newest_, true, Decision::kHedged, Decision::kNone, now, false);
  return {};
}

Reply Machine::timeout_reply() const {
  if (plan_->alt_response) return {204, {}, false};
  return {504, "upstream request timeout", false};
}

} // namespace kgw::exchange
