#include "exchange/machine.h"

#include <bit>

namespace kgw::exchange {

using base::kNever;
using retry::Reason;
using Tally = cluster::Outcome::Tally;

namespace {

Flag flag_of(Reason reason) {
  switch (reason) {
  case Reason::kProtocolError: return Flag::kUPE;
  case Reason::kOverflow: return Flag::kUO;
  case Reason::kConnectionTermination: return Flag::kUC;
  case Reason::kRemoteReset:
  case Reason::kRemoteRefused:
  case Reason::kRemoteConnectError: return Flag::kUR;
  default: return Flag::kUF;
  }
}

} // namespace

void Machine::open(const Plan& plan, base::Random& random, Ledger& ledger, Instant now) {
  plan_ = &plan;
  random_ = &random;
  ledger_ = &ledger;
  phase_ = Phase::kTrying;
  request_ = Half::kOpen;
  retry_on_ = keeping_ = plan.retry->on != 0;
  armed_ = executed_ = informed_ = head_sent_ = spawned_ = timed_out_ = false;
  live_ = ready_ = 0;
  newest_ = 0;
  attempts_ = 0;
  remaining_ = plan.retry->retries;
  per_try_idle_ = plan.retry->per_try_idle;
  per_try_whole_ = plan.retry->per_try_until == retry::PerTryUntil::kComplete;
  kept_ = 0;
  for (Instant& due : due_) due = kNever;
  deadline_ = kNever;
  if (plan.duration > Duration{}) set_due(kDuration, now + plan.duration);
  backoff_ = retry::Backoff(*plan.retry);
  ledger.request_ended = now;
}

Step Machine::answer(const Reply& reply, Decision why, std::string_view details, Ledger& ledger) {
  ledger.status = reply.status;
  ledger.outcome = why;
  ledger.details = details;
  return {.acts = kReply | kDone};
}

// ---- client side ---------------------------------------------------------------------------------------------------

Step Machine::head(bool ended, Instant now) {
  if (ended) request_ = Half::kEnded;
  if (plan_->faults == nullptr || plan_->faults->per_attempt) return begin(now);
  if (delayed(now)) return {};
  return retry::strikes(plan_->faults->abort_ppm, *random_) ? inject_abort(now) : begin(now);
}

// The first attempt; from here on the request's clocks run.
Step Machine::begin(Instant now) {
  Step step = start_attempt(now);
  if (done()) return step;
  if (request_ == Half::kEnded) ledger_->request_ended = now;
  bool running = request_ == Half::kEnded || plan_->tunnel;
  if (running && plan_->global > Duration{}) set_due(kGlobal, now + plan_->global);
  return step;
}

Step Machine::end(Instant now) {
  request_ = Half::kEnded;
  ledger_->request_ended = now;
  // Envoy arms the global timer here and only if an attempt is in flight: a request whose first attempt failed while
  // its body arrived, and that waits in back-off now, never gets one.
  if (live_ != 0 && plan_->global > Duration{}) set_due(kGlobal, now + plan_->global);
  arm_per_try(now);
  return {};
}

Step Machine::keep(uint64_t bytes, Instant now) {
  kept_ += bytes;
  if (kept_ <= plan_->replay_limit) return {};
  stats().retry_or_shadow_abandoned.add();
  end_retries();
  if (live_ != 0 || held()) return {.acts = kDropBody};
  ledger_->outcome = Decision::kBodyTooLarge;
  Step step = local_reply({507, "exceeded request buffer limit while retrying upstream", false},
                          "request_payload_exceeded_retry_buffer_limit", now);
  step.acts |= kDropBody;
  return step;
}

Step Machine::client_gone(Gone how, std::string_view reason, Instant now) {
  struct Facts {
    Flag flag;
    Decision why;
    std::string_view details;
    Reply reply; // while nothing was sent; status 0: none
  };
  static constexpr Facts kFacts[] = {
      {Flag::kDC, Decision::kClientGone, "downstream_remote_disconnect", {}},
      {Flag::kSI, Decision::kStreamIdle, "stream_idle_timeout", {504, "stream timeout", false, false}},
      {Flag::kLR, Decision::kDrained, "drain_timeout", {}},
      {Flag::kDPE, Decision::kClientError, "codec_error", {400, "Bad Request", false, false}},
      {Flag::kDR, Decision::kClientGone, "http2.remote_reset", {}},
      {Flag::kDC, Decision::kForwarded, "downstream_remote_disconnect", {}},
  };
  Facts facts = kFacts[static_cast<int>(how)];
  if (!reason.empty()) {
    if (how == Gone::kProtocol) facts.why = decision_of_refusal(reason);
    facts.details = reason;
  }
  ledger_->flags.set(facts.flag);
  ledger_->outcome = facts.why;
  if (how == Gone::kTunnelEnd) {
    ledger_->details = facts.details;
    return {};
  }
  uint16_t reset = live_;
  give_up(reset, facts.why, now);
  if (facts.reply.status == 0 || phase_ == Phase::kRelaying) {
    ledger_->details = facts.details;
    return settle(kReset | kAbort, reset, 0, now);
  }
  Reply reply = facts.reply;
  if (how == Gone::kIdle && request_ == Half::kOpen) reply.status = 408;
  return local_reply(reply, facts.details, now, reset);
}

// ---- attempts ------------------------------------------------------------------------------------------------------

Step Machine::ready(uint8_t slot, bool reused, Instant now) {
  ready_ |= static_cast<uint16_t>(1u << slot);
  AttemptRecord& attempt = record(slot);
  attempt.connected = now;
  attempt.reused = reused;
  stats().upstream_rq_total.add();
  arm_attempt_duration();
  if (slot == newest_) arm_per_try(now);
  return {};
}

Step Machine::inform(uint8_t slot, uint16_t status, Instant now) {
  if (status > 104) return {}; // dropped, and changes nothing
  if (!informed_) plan_->cluster->statuses().add(status);
  informed_ = true;
  set_due(kPerTry, kNever); // a response has begun
  auto others = static_cast<uint16_t>(live_ & ~(1u << slot));
  auto acts =
      static_cast<uint16_t>((status == 100 ? 0 : kInform) | (keeping_ ? kDropBody : 0) | (others != 0 ? kReset : 0));
  end_retries();
  give_up(others, Decision::kLostRace, now);
  return {.acts = acts, .reset = others, .slot = slot};
}

Step Machine::response(uint8_t slot, const retry::ResponseFacts& told, Instant now) {
  retry::ResponseFacts facts = told;
  if (plan_->early_data) retry::leave_to_client(facts);
  AttemptRecord& attempt = record(slot);
  attempt.first_byte = now;
  attempt.status = facts.status;
  report(slot, {Tally::kResponse, facts.grpc_as_http != 0 ? facts.grpc_as_http : facts.status, facts.asked_out}, now);
  if (!is_the_answer(slot, facts, now)) return drop(slot, now);
  auto losers = static_cast<uint16_t>(live_ & ~(1u << slot));
  auto acts = static_cast<uint16_t>(kForward | (keeping_ ? kDropBody : 0) | (losers != 0 ? kReset : 0));
  end_retries();
  give_up(losers, Decision::kLostRace, now);
  phase_ = Phase::kRelaying;
  if (!per_try_whole_) set_due(kPerTry, kNever);
  if (facts.switches) set_due(kGlobal, kNever);
  if (plan_->hedge) set_due(kPerTryIdle, kNever);
  if (counts_silence()) moved(now);
  ledger_->status = facts.status;
  ledger_->details = "via_upstream";
  ledger_->outcome = attempt.decision;
  plan_->cluster->statuses().add(facts.status);
  if (!facts.end_stream) return {.acts = acts, .reset = losers, .slot = slot};
  end_attempt(slot, Reason::kNone, now);
  return settle(acts, losers, slot, now);
}

bool Machine::is_the_answer(uint8_t slot, const retry::ResponseFacts& facts, Instant now) {
  AttemptRecord& attempt = record(slot);
  if (!retry_on_) {
    attempt.decision = facts.status < 400      ? Decision::kForwarded
                       : plan_->retry->on == 0 ? Decision::kNoPolicy
                                               : Decision::kRetriesEnded;
    return true;
  }
  bool retriable = retry::covers(plan_->retry->on, facts);
  bool others = (live_ & ~(1u << slot)) != 0 || waiting();
  Decision not_covered = facts.ratelimited ? Decision::kRatelimitedNotCovered : Decision::kForwardedNotRetriable;
  if (facts.status < 400 && !facts.ratelimited) not_covered = Decision::kForwarded;
  if (!may_spawn(slot)) {
    attempt.decision = retriable && others ? Decision::kHedgeDropped : not_covered;
  } else if (judge(slot, retriable, Decision::kRetryStatus, not_covered, now, facts.end_stream, &facts)) {
    plan_->cluster->retried_statuses().add(facts.status);
    return false;
  }
  return !retriable || !others;
}

// The attempt's response does not count: another one follows or runs already.
Step Machine::drop(uint8_t slot, Instant now) {
  end_attempt(slot, Reason::kNone, now);
  return {.acts = kReset, .reset = static_cast<uint16_t>(1u << slot), .slot = slot};
}

Step Machine::finished(uint8_t slot, Instant now) {
  end_attempt(slot, Reason::kNone, now);
  return settle(0, 0, slot, now);
}

Step Machine::failed(uint8_t slot, const Failure& failure, Instant now) {
  head_sent_ |= failure.head_sent;
  end_attempt(slot, failure.reason, now);
  AttemptRecord& attempt = record(slot);
  // A breaker of ours says nothing about the endpoint.
  if (failure.reason != Reason::kOverflow)
    report(slot, {phase_ == Phase::kTrying ? Tally::kFailure : Tally::kNothing, 503}, now);
  if (phase_ == Phase::kRelaying) {
    attempt.decision = ledger_->outcome = Decision::kResponseCut;
    ledger_->flags.set(flag_of(failure.reason));
    ledger_->details = "upstream_reset_after_response_started{";
    ledger_->details.append(facts_of(failure.reason).name);
    ledger_->details.append("}");
    ledger_->details.replace(' ', '_');
    return settle(kAbort, 0, slot, now);
  }
  if (retry_on_) {
    bool others = live_ != 0 || waiting();
    if (may_spawn(slot)) {
      Decision not_covered =
          failure.reason == Reason::kOverflow ? Decision::kOverflowNotRetried : Decision::kResetNotCovered;
      bool covered = retry::covers(plan_->retry->on, failure.reason, head_sent_);
      if (judge(slot, covered, Decision::kRetryReset, not_covered, now, true)) return {};
    } else {
      attempt.decision = others ? Decision::kHedgeDropped : Decision::kResetNotCovered;
    }
    charge(facts_of(failure.reason).status);
    if (others) return {};
  } else {
    attempt.decision = plan_->retry->on == 0 ? Decision::kNoPolicy : Decision::kRetriesEnded;
    charge(facts_of(failure.reason).status);
  }
  if (failure.limit != Decision::kNone) attempt.decision = failure.limit;
  return reset_reply(slot, failure, now);
}

int64_t Machine::service_time_ms(Instant now) const {
  return request_ == Half::kEnded ? base::to_ms(now - ledger_->request_ended) : -1;
}

// ---- permission to try again ---------------------------------------------------------------------------------------

bool Machine::judge(uint8_t slot, bool retriable, Decision if_retried, Decision if_not_covered, Instant now, bool ended,
                    const retry::ResponseFacts* facts) {
  if (armed_ && !retriable) stats().upstream_rq_retry_success.add();
  slot_.release();
  AttemptRecord& attempt = record(slot);
  if (!retriable) {
    attempt.decision = if_not_covered;
    return false;
  }
  if (remaining_ == 0) {
    stats().upstream_rq_retry_limit_exceeded.add();
    ledger_->flags.set(Flag::kURX);
    attempt.decision = Decision::kLimitReached;
    return false;
  }
  --remaining_;
  if (!slot_.take(*plan_->cluster, now, ended)) {
    stats().upstream_rq_retry_overflow.add();
    ledger_->flags.set(Flag::kUO);
    attempt.decision = Decision::kBreakerFull;
    return false;
  }
  armed_ = true;
  spawned_ = true;
  attempt.decision = if_retried;
  timed_out_ = false; // a per-try timeout says otherwise
  attempt.delay = wait_before_retry(facts);
  set_due(kBackoff, now + attempt.delay);
  return true;
}

// A wait that a reset header asks for is one-shot: the exponential series does not move. Up to half of it is added.
Duration Machine::wait_before_retry(const retry::ResponseFacts* facts) {
  wait_ = Wait::kNone;
  if (facts != nullptr && facts->too_early) return {};
  wait_ = Wait::kRatelimited;
  if (facts != nullptr && facts->wait_ms > 1) {
    return base::from_ms(facts->wait_ms +
                         static_cast<int64_t>(random_->below(static_cast<uint64_t>(facts->wait_ms / 2))));
  }
  wait_ = Wait::kExponential;
  return backoff_.draw(*random_);
}

void Machine::end_retries() {
  retry_on_ = keeping_ = false;
  slot_.release();
  set_due(kBackoff, kNever);
}

// ---- ends ----------------------------------------------------------------------------------------------------------

Step Machine::reset_reply(uint8_t slot, const Failure& failure, Instant now) {
  const retry::ReasonFacts& reason = facts_of(failure.reason);
  ledger_->flags.set(flag_of(failure.reason));
  ledger_->outcome = record(slot).decision;
  reply_text_ = "upstream connect error or disconnect/reset before headers. ";
  if (executed_) reply_text_.append("retried and the latest ");
  reply_text_.append("reset reason: ");
  reply_text_.append(reason.name);
  FixedText<160> details;
  details = informed_ ? "upstream_reset_after_response_started{" : "upstream_reset_before_response_started{";
  details.append(reason.name);
  if (!failure.transport_text.empty()) {
    details.append("|");
    details.append(failure.transport_text);
  }
  details.append("}");
  details.replace(' ', '_');
  return local_reply({reason.status, reply_text_.view(), failure.reason == Reason::kOverflow}, details.view(), now);
}

Step Machine::cut_response(Decision why, std::string_view details, Instant now) {
  ledger_->outcome = why;
  ledger_->details = details;
  uint16_t open = live_;
  give_up(open, why, now);
  return settle(kReset | kAbort, open, 0, now);
}

Step Machine::local_reply(const Reply& reply, std::string_view details, Instant now, uint16_t reset) {
  reply_ = reply;
  ledger_->status = reply.status;
  ledger_->details = details;
  give_up(reset, Decision::kLostRace, now);
  return settle(static_cast<uint16_t>(kReply | (reset != 0 ? kReset : 0)), reset, 0, now);
}

// The one place where an exchange ends.
Step Machine::settle(uint16_t acts, uint16_t reset, uint8_t slot, Instant now) {
  end_retries();
  live_ = 0;
  phase_ = Phase::kDone;
  delayed_.reset();
  for (Instant& due : due_) due = kNever;
  deadline_ = kNever;
  ledger_->ended = now;
  if (reset == 0) acts &= static_cast<uint16_t>(~kReset);
  return {.acts = static_cast<uint16_t>(acts | kDone), .reset = reset, .slot = slot};
}

void Machine::end_attempt(uint8_t slot, Reason reason, Instant now) {
  AttemptRecord& attempt = record(slot);
  attempt.ended = now;
  attempt.reset = reason;
  live_ &= static_cast<uint16_t>(~(1u << slot));
  if (slot == newest_) stop_per_try();
  arm_attempt_duration();
}

// Attempts that are reset from our side. One that ended already keeps its own story.
void Machine::give_up(uint16_t slots, Decision why, Instant now) {
  if ((slots >> newest_ & 1) != 0) set_due(kFault, kNever);
  for (uint16_t mask = slots; mask != 0; mask &= static_cast<uint16_t>(mask - 1)) {
    auto slot = static_cast<uint8_t>(std::countr_zero(mask));
    live_ &= static_cast<uint16_t>(~(1u << slot));
    AttemptRecord& attempt = record(slot);
    if (attempt.ended != Instant{}) continue;
    attempt.ended = now;
    attempt.reset = Reason::kLocalReset;
    attempt.decision = why;
  }
  arm_attempt_duration();
}

// The cluster pays for a failed attempt with a local reply's status, unless a 1xx has begun the response.
void Machine::charge(uint16_t status) {
  if (!informed_) plan_->cluster->statuses().add(status);
}

} // namespace kgw::exchange
