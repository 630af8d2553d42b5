#include "exchange/machine.h"

#include <algorithm>
#include <bit>

namespace kgw::exchange {

using base::kNever;
using retry::Reason;
using Tally = cluster::Outcome::Tally;

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

// ---- client side ----------------------------------------------------------------------------------------------------------

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
  // Envoy arms the global timer here and only if an attempt is in flight: a request whose first attempt failed while its
  // body arrived, and that waits in back-off now, never gets one.
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
    Reply reply;  // while nothing was sent; status 0: none
  };
  static constexpr Facts kFacts[] = {
      {Flag::kDC, Decision::kClientGone, "downstream_remote_disconnect", {}},
      {Flag::kSI, Decision::kStreamIdle, "stream_idle_timeout", {504, "stream timeout", false}},
      {Flag::kLR, Decision::kDrained, "drain_timeout", {}},
      {Flag::kDPE, Decision::kClientError, "codec_error", {400, "Bad Request", false}},
      {Flag::kDC, Decision::kForwarded, "downstream_remote_disconnect", {}},
  };
  Facts facts = kFacts[static_cast<int>(how)];
  if (!reason.empty()) {
    facts.why = decision_of_refusal(reason);
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

// ---- attempts -------------------------------------------------------------------------------------------------------------

Step Machine::start_attempt(Instant now) {
  auto slot = static_cast<uint8_t>(std::countr_one(live_));
  newest_ = slot;
  spawned_ = false;
  reported_slow_ &= static_cast<uint16_t>(~(1u << slot));
  number_[slot] = ++attempts_;
  ready_ &= static_cast<uint16_t>(~(1u << slot));
  AttemptRecord& attempt = ledger_->begin(attempts_, now);
  if (attempts_ == 1) plan_->cluster->request_started(now);
  cluster::Host* host = pick(attempt);
  if (host == nullptr) {
    attempt.decision = ledger_->outcome = Decision::kNoHost;
    attempt.ended = now;
    ledger_->flags.set(Flag::kUH);
    charge(503);
    return local_reply({503, "no healthy upstream", false}, "no_healthy_upstream", now, live_);
  }
  std::copy(std::begin(host->endpoint.ip), std::end(host->endpoint.ip), std::begin(attempt.ip));
  attempt.port = host->endpoint.port;
  attempt.v6 = host->endpoint.v6;
  attempt.has_endpoint = true;
  host_[slot] = host;
  live_ |= static_cast<uint16_t>(1u << slot);
  start_ = {host, attempts_, expected_timeout_ms(now), static_cast<int8_t>(attempts_ == 1 ? -1 : timed_out_)};
  if (plan_->faults != nullptr && plan_->faults->per_attempt) {
    if (!delayed(now)) return attempt_fault(now);
    delayed_ = cluster::HostRef(host);
    return {};
  }
  return {.acts = kStart, .slot = slot};
}

// ---- faults ---------------------------------------------------------------------------------------------------------------

bool Machine::delayed(Instant now) {
  if (!retry::strikes(plan_->faults->delay_ppm, *random_)) return false;
  ledger_->flags.set(Flag::kDI);
  set_due(kFault, now + plan_->faults->delay);
  return true;
}

Step Machine::inject_abort(Instant now) {
  ledger_->flags.set(Flag::kFI);
  ledger_->outcome = Decision::kFaultAbort;
  return local_reply({plan_->faults->abort_status, "fault filter abort", false}, "fault_filter_abort", now, live_);
}

// The newest attempt has its endpoint, and its delay behind it. An abort is judged as an answer would be.
Step Machine::attempt_fault(Instant now) {
  uint8_t slot = newest_;
  if (!retry::strikes(plan_->faults->abort_ppm, *random_)) return {.acts = kStart, .slot = slot};
  retry::ResponseFacts facts = retry::examine_status(plan_->faults->abort_status, true, *plan_->retry);
  record(slot).status = facts.status;
  end_attempt(slot, Reason::kNone, now);
  bool retriable = retry_on_ && retry::covers(plan_->retry->on, facts);
  if (retry_on_ && judge(slot, retriable, Decision::kRetryStatus, Decision::kFaultAbort, now, true, &facts)) return {};
  if (!retry_on_) record(slot).decision = Decision::kFaultAbort;
  if (live_ != 0) return {};  // another one may still answer
  return inject_abort(now);
}

// When every pick was tried before, the last one is taken all the same (Envoy).
cluster::Host* Machine::pick(AttemptRecord& attempt) {
  cluster::Pick pick = plan_->cluster->pick(*random_);
  Choice choice = pick.only ? Choice::kOnlyHost : pick.panic ? Choice::kPanic : Choice::kBalanced;
  bool avoids = plan_->retry->exclude_tried_hosts || plan_->retry->previous_hosts;
  if (attempts_ > 1 && avoids && !pick.only && pick.host != nullptr && tried(*pick.host)) {
    uint32_t more = plan_->retry->exclude_tried_hosts ? 0 : plan_->retry->host_attempts;
    for (; more > 0 && pick.host != nullptr && tried(*pick.host); --more) pick = plan_->cluster->pick(*random_);
    if (plan_->retry->exclude_tried_hosts) pick.host = untried_after(*pick.host);
    choice = pick.host == nullptr || tried(*pick.host) ? Choice::kRetrySameHost : Choice::kRetryOtherHost;
  }
  if (pick.host != nullptr) attempt.choice = choice;
  return pick.host;
}

// The next one in the list that was not tried, or the same again.
cluster::Host* Machine::untried_after(cluster::Host& picked) const {
  const std::vector<cluster::Host*>& hosts = plan_->cluster->in_use();
  auto at = std::find(hosts.begin(), hosts.end(), &picked);
  auto untried = [&](const cluster::Host* host) { return !tried(*host); };
  auto found = std::find_if(at, hosts.end(), untried);
  if (found == hosts.end()) found = std::find_if(hosts.begin(), at, untried);
  return found != hosts.end() && untried(*found) ? *found : &picked;
}

bool Machine::tried(const cluster::Host& host) const {
  for (uint32_t number = 1; number < attempts_; ++number) {
    if (!ledger_->kept(number)) continue;
    const AttemptRecord& attempt = ledger_->at(number);
    const cluster::Endpoint& endpoint = host.endpoint;
    if (attempt.has_endpoint && attempt.port == endpoint.port && attempt.v6 == endpoint.v6 &&
        std::equal(std::begin(attempt.ip), std::end(attempt.ip), std::begin(endpoint.ip))) {
      return true;
    }
  }
  return false;
}

int64_t Machine::expected_timeout_ms(Instant now) const {
  Duration base = plan_->hedge || plan_->per_try == Duration{} ? plan_->global : plan_->per_try;
  if (base == Duration{}) return 0;
  if (plan_->global == Duration{}) return base::to_ms(base);
  bool counting = attempts_ > 1 && request_ == Half::kEnded;
  Duration elapsed = counting ? now - ledger_->request_ended : Duration{};
  if (elapsed >= plan_->global) return 1;
  return std::max<int64_t>(1, base::to_ms(std::min(base, plan_->global - elapsed)));
}

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
  if (status > 104) return {};  // dropped, and changes nothing
  if (!informed_) plan_->cluster->statuses().add(status);
  informed_ = true;
  set_due(kPerTry, kNever);  // a response has begun
  auto others = static_cast<uint16_t>(live_ & ~(1u << slot));
  auto acts = static_cast<uint16_t>((status == 100 ? 0 : kInform) | (keeping_ ? kDropBody : 0) | (others != 0 ? kReset : 0));
  end_retries();
  give_up(others, Decision::kLostRace, now);
  return {.acts = acts, .reset = others, .slot = slot};
}

Step Machine::response(uint8_t slot, const retry::ResponseFacts& facts, Instant now) {
  AttemptRecord& attempt = record(slot);
  attempt.first_byte = now;
  attempt.status = facts.status;
  report(slot, {Tally::kResponse, facts.grpc_as_http != 0 ? facts.grpc_as_http : facts.status, facts.asked_out}, now);
  if (retry_on_) {
    bool retriable = retry::covers(plan_->retry->on, facts) && !(facts.too_early && plan_->early_data);
    bool others = (live_ & ~(1u << slot)) != 0 || waiting();
    Decision not_covered = facts.ratelimited ? Decision::kRatelimitedNotCovered : Decision::kForwardedNotRetriable;
    if (facts.status < 400 && !facts.ratelimited) not_covered = Decision::kForwarded;
    if (may_spawn(slot)) {
      if (judge(slot, retriable, Decision::kRetryStatus, not_covered, now, facts.end_stream, &facts)) {
        plan_->cluster->retried_statuses().add(facts.status);
        return drop(slot, now);
      }
    } else {
      attempt.decision = retriable && others ? Decision::kHedgeDropped : not_covered;
    }
    if (retriable && others) return drop(slot, now);
  } else {
    attempt.decision = facts.status < 400             ? Decision::kForwarded
                       : plan_->retry->on == 0 ? Decision::kNoPolicy
                                               : Decision::kRetriesEnded;
  }
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
  if (failure.reason != Reason::kOverflow) report(slot, {phase_ == Phase::kTrying ? Tally::kFailure : Tally::kNothing, 503}, now);
  if (phase_ == Phase::kRelaying) {
    attempt.decision = ledger_->outcome = Decision::kResponseCut;
    ledger_->flags.set(failure.reason == Reason::kProtocolError ? Flag::kUPE : Flag::kUC);
    ledger_->details = "upstream_reset_after_response_started{";
    ledger_->details.append(facts_of(failure.reason).name);
    ledger_->details.append("}");
    ledger_->details.replace(' ', '_');
    return settle(kAbort, 0, slot, now);
  }
  if (retry_on_) {
    bool others = live_ != 0 || waiting();
    if (may_spawn(slot)) {
      Decision not_covered = failure.reason == Reason::kOverflow ? Decision::kOverflowNotRetried : Decision::kResetNotCovered;
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

// ---- permission -----------------------------------------------------------------------------------------------------------

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
  timed_out_ = false;  // a per-try timeout says otherwise
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
    return base::from_ms(facts->wait_ms + static_cast<int64_t>(random_->below(static_cast<uint64_t>(facts->wait_ms / 2))));
  }
  wait_ = Wait::kExponential;
  return backoff_.draw(*random_);
}

void Machine::end_retries() {
  retry_on_ = keeping_ = false;
  slot_.release();
  set_due(kBackoff, kNever);
}

// ---- time -----------------------------------------------------------------------------------------------------------------

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
  auto waiting_for = static_cast<unsigned>(std::popcount(live_));  // in back-off nothing is in flight, and nothing is charged
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
  return local_reply({request_ == Half::kEnded ? uint16_t{504} : uint16_t{408}, "downstream duration timeout", false}, "max_duration_timeout", now, reset);
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
  attempt.decision = retry_on_ ? Decision::kAttemptDuration : plan_->retry->on == 0 ? Decision::kNoPolicy : Decision::kRetriesEnded;
  if (retry_on_ && may_spawn(slot)) {
    bool covered = retry::covers(plan_->retry->on, Reason::kLocalReset, head_sent_);
    if (judge(slot, covered, Decision::kRetryAttemptDuration, Decision::kAttemptDuration, now, false)) {
      return {.acts = kReset, .reset = reset, .slot = slot};
    }
  }
  if (live_ != 0 || waiting()) return {.acts = kReset, .reset = reset, .slot = slot};
  ledger_->flags.set(Flag::kUMSDR);
  ledger_->outcome = attempt.decision;
  return local_reply({request_ == Half::kEnded ? uint16_t{504} : uint16_t{408}, "upstream max stream duration reached", false}, kDetails, now, reset);
}

Reply Machine::timeout_reply() const {
  if (plan_->alt_response) return {204, {}, false};
  return {504, "upstream request timeout", false};
}

Step Machine::per_try_timeout(bool idle, Instant now) {
  stop_per_try();
  (idle ? stats().upstream_rq_per_try_idle_timeout : stats().upstream_rq_per_try_timeout).add();
  std::string_view details = idle ? "upstream_per_try_idle_timeout" : "upstream_per_try_timeout";
  auto late = static_cast<uint8_t>(std::countr_zero(live_));  // the only one: without hedging, or behind a head
  report(late, {phase_ == Phase::kTrying ? Tally::kTimeout : Tally::kNothing, timeout_reply().status}, now);
  if (phase_ == Phase::kRelaying) {  // the idle one runs on behind the head, the other one if it is for the whole response
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

// The slow attempt runs on; whatever the tokens, another one is asked for. A refusal leaves its flag and changes nothing else.
Step Machine::hedge(Instant now) {
  stop_per_try();
  auto slow = static_cast<uint16_t>(1u << newest_);
  if ((live_ & slow) != 0) report(newest_, {Tally::kNothing, timeout_reply().status}, now);
  reported_slow_ |= slow;
  if (retry_on_ && may_spawn(newest_)) timed_out_ = judge(newest_, true, Decision::kHedged, Decision::kNone, now, false);
  return {};
}

// ---- ends -----------------------------------------------------------------------------------------------------------------

Step Machine::reset_reply(uint8_t slot, const Failure& failure, Instant now) {
  const retry::ReasonFacts& reason = facts_of(failure.reason);
  switch (failure.reason) {
    case Reason::kProtocolError: ledger_->flags.set(Flag::kUPE); break;
    case Reason::kOverflow: ledger_->flags.set(Flag::kUO); break;
    case Reason::kConnectionTermination: ledger_->flags.set(Flag::kUC); break;
    default: ledger_->flags.set(Flag::kUF); break;
  }
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

int64_t Machine::service_time_ms(Instant now) const {
  return request_ == Half::kEnded ? base::to_ms(now - ledger_->request_ended) : -1;
}

void Machine::set_due(Due which, Instant at) {
  if (due_[which] == at) return;
  due_[which] = at;
  deadline_ = *std::min_element(std::begin(due_), std::end(due_));
}

} // namespace kgw::exchange
