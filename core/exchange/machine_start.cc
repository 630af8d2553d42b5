// How an attempt starts: where it goes, what it tells its endpoint, and the faults in front of it.
#include "exchange/machine.h"

#include <algorithm>
#include <bit>

namespace kgw::exchange {

using retry::Reason;

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

// ---- faults --------------------------------------------------------------------------------------------------------

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
  if (live_ != 0) return {}; // another one may still answer
  return inject_abort(now);
}

} // namespace kgw::exchange
