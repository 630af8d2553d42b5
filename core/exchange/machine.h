#pragma once
// The retry machine: one request from its head to its end. Pure: facts, time and random numbers come in, one Step comes
// out. It arms no timer, sees no header, no body byte, no socket. The live proxy, explain and the simulator drive the
// same object.

#include <cstdint>
#include <string_view>

#include "base/random.h"
#include "base/time.h"
#include "exchange/ledger.h"
#include "exchange/plan.h"
#include "retry/backoff.h"
#include "retry/examine.h"
#include "retry/reason.h"

namespace kgw::exchange {

// What the caller must do, in this order, before it feeds another event. A Step fits one register.
enum Act : uint16_t {
  kReset = 1 << 0,    // give up every attempt in `reset` (connections that wait too). No further event for these slots
  kDropBody = 1 << 1, // stop keeping body for replay; what is unsent still flows
  kInform = 1 << 2,   // pass the 1xx of `slot` on
  kForward = 1 << 3,  // `slot` has won: its head, body and trailers go to the client
  kReply = 1 << 4,    // send reply()
  kAbort = 1 << 5,    // the response has begun already: break it visibly
  kDone = 1 << 6,     // give up what is still open, file the ledger, recycle
  kStart = 1 << 7,    // start attempt `slot` as start() says; replay the kept body, then go on live. Never with kDone
};
struct Step {
  uint16_t acts = 0, reset = 0;
  uint8_t slot = 0;
  bool operator==(const Step&) const = default;
};

struct Failure {
  retry::Reason reason = retry::Reason::kNone;
  bool head_sent = false;               // the request head had begun to go out
  std::string_view transport_text = {}; // the transport's words, for the details; copied
  Decision limit = Decision::kNone;     // the limit that the response broke
};

// A local answer. `body` points into the machine or into the configuration.
struct Reply {
  uint16_t status = 0;
  std::string_view body;
  bool overloaded = false;
  bool counted = true;     // says how many attempts there were, where the route wants that told
  int8_t grpc_status = -1; // to a gRPC client; -1: what goes with `status`
};

enum class Gone : uint8_t {
  kDisconnect, // the client's connection is lost
  kIdle,       // nothing moved for stream_idle_timeout_ms
  kDrain,      // the gateway stops
  kProtocol,   // the client broke the protocol in the body
  kReset,      // the client reset its stream, and its connection goes on
  kTunnelEnd,  // the client ended its side of a tunnel: nothing stops, what it sent still goes on
};

struct StartInfo {
  cluster::Host* endpoint = nullptr;
  uint32_t attempt = 0;            // from 1
  int64_t expected_timeout_ms = 0; // 0: do not send
  int8_t timeout_retry = -1;       // of a retry: whether a per-try timeout was the reason; -1: the first attempt
};

class Machine {
 public:
  static constexpr int kMaxLive = 8; // attempts alive at once, with hedging
  // All borrowed until kDone.
  void open(const Plan& plan, base::Random& random, Ledger& ledger, Instant now);
  // An answer that needs no attempt (no route, direct response, broken rule); instead of head(). `plan` was not needed.
  static Step answer(const Reply& reply, Decision why, std::string_view details, Ledger& ledger);

  // ---- client side
  Step head(bool end, Instant now);
  Step body(uint64_t bytes, Instant now) { return keeping_ ? keep(bytes, now) : Step{}; }
  Step end(Instant now);
  // `reason`: kProtocol, what the codec found wrong; copied.
  Step client_gone(Gone how, std::string_view reason, Instant now);

  // ---- attempts. Without hedging there is one at a time, in slot 0
  Step ready(uint8_t slot, bool reused, Instant now);
  Step failed(uint8_t slot, const Failure& failure, Instant now);
  Step inform(uint8_t slot, uint16_t status, Instant now);
  Step response(uint8_t slot, const retry::ResponseFacts& facts, Instant now);
  // The client's request waits for an injected delay: nothing takes its body yet.
  bool held() const { return delaying() && live() == 0; }
  bool counts_silence() const { return due_[kPerTryIdle] != base::kNever; }
  Step moved(Instant now) { // a piece of the response came; needed only while counts_silence()
    set_due(kPerTryIdle, now + per_try_idle_);
    return {};
  }
  Step finished(uint8_t slot, Instant now); // response complete, trailers included

  // ---- time: one number instead of arm and disarm commands
  Instant deadline() const { return deadline_; } // or kNever
  Step timeout(Instant now);                     // call while deadline() <= now; handles exactly one

  // ---- what a Step refers to
  const StartInfo& start() const { return start_; }
  const Reply& reply() const { return reply_; }
  // Attempts with a stream or waiting for one; the one that waits for an injected delay is not among them.
  uint16_t live() const { return delaying() ? static_cast<uint16_t>(live_ & ~(1u << newest_)) : live_; }
  bool done() const { return phase_ == Phase::kDone; }
  bool responding() const { return phase_ == Phase::kRelaying; }
  bool keeping() const { return keeping_; }
  // ms from the end of the request to `now`, for x-envoy-upstream-service-time; -1 when the request has not ended.
  int64_t service_time_ms(Instant now) const;

 private:
  enum class Phase : uint8_t { kTrying, kRelaying, kDone }; // trying includes waiting in back-off
  enum class Half : uint8_t { kOpen, kEnded };
  enum Due : uint8_t { kGlobal, kDuration, kAttemptDuration, kPerTry, kPerTryIdle, kFault, kBackoff, kDueCount };
  enum class Wait : uint8_t { kExponential, kRatelimited, kNone }; // before the retry that is due

  Step keep(uint64_t bytes, Instant now);
  Step begin(Instant now);
  Step start_attempt(Instant now);
  bool delayed(Instant now);
  Step inject_abort(Instant now);
  Step attempt_fault(Instant now);
  void arm_per_try(Instant now);
  int64_t expected_timeout_ms(Instant now) const;
  // Permission to try again, after the policy said it would like to. Exact order of counters and flags. `ended`: the
  // attempt's stream is over already.
  bool judge(uint8_t slot, bool retriable, Decision if_retried, Decision if_not_covered, Instant now, bool ended,
             const retry::ResponseFacts* facts = nullptr);
  Duration wait_before_retry(const retry::ResponseFacts* facts);
  // Only the newest attempt may spawn a retry, and only once; so one back-off and one breaker slot suffice.
  bool may_spawn(uint8_t slot) const { return slot == newest_ && !spawned_; }
  bool delaying() const { return due_[kFault] != base::kNever; }
  bool waiting() const { return due_[kBackoff] != base::kNever; }
  Step hedge(Instant now);
  bool is_the_answer(uint8_t slot, const retry::ResponseFacts& facts, Instant now);
  Step drop(uint8_t slot, Instant now);
  void end_retries();
  Step global_timeout(Instant now);
  Step duration_timeout(Instant now);
  Step attempt_duration_timeout(Instant now);
  void arm_attempt_duration();
  Step per_try_timeout(bool idle, Instant now);
  void stop_per_try();
  cluster::Host* pick(AttemptRecord& attempt);
  bool tried(const cluster::Host& host) const;
  cluster::Host* untried_after(cluster::Host& picked) const;
  Reply timeout_reply() const;
  Step reset_reply(uint8_t slot, const Failure& failure, Instant now);
  Step local_reply(const Reply& reply, std::string_view details, Instant now, uint16_t reset = 0);
  Step cut_response(Decision why, std::string_view details, Instant now);
  Step settle(uint16_t acts, uint16_t reset, uint8_t slot, Instant now);
  void end_attempt(uint8_t slot, retry::Reason reason, Instant now);
  void give_up(uint16_t slots, Decision why, Instant now);
  void charge(uint16_t status);
  void set_due(Due which, Instant at);
  AttemptRecord& record(uint8_t slot) { return ledger_->at(number_[slot]); }
  // To the cluster, which judges its endpoints by it.
  void report(uint8_t slot, const cluster::Outcome& outcome, Instant now) {
    plan_->cluster->report(*host_[slot], outcome, now);
  }
  cluster::Stats& stats() { return plan_->cluster->stats(); }

  const Plan* plan_ = nullptr;
  base::Random* random_ = nullptr;
  Ledger* ledger_ = nullptr;
  Phase phase_ = Phase::kTrying;
  Half request_ = Half::kOpen;
  bool retry_on_ = false;  // the retry state exists
  bool keeping_ = false;   // body is kept for a replay
  bool armed_ = false;     // a retry was granted since the last judgement
  bool executed_ = false;  // a retry was started
  bool informed_ = false;  // a 1xx counted as the beginning of a response
  bool head_sent_ = false; // an attempt failed after its head had begun to go out
  bool timed_out_ = false; // a per-try timeout is the reason of the retry
  Wait wait_ = Wait::kExponential;
  bool spawned_ = false; // the newest attempt has spawned its retry
  uint8_t newest_ = 0;
  uint16_t live_ = 0, ready_ = 0;
  uint16_t reported_slow_ = 0;         // hedged attempts whose per-try timeout the cluster knows of
  uint32_t number_[kMaxLive] = {};     // of the attempt in each slot
  cluster::Host* host_[kMaxLive] = {}; // its endpoint, which the driver holds while it may still tell us something
  cluster::HostRef delayed_;           // the same while a fault delays the attempt, before the driver knows of it
  uint32_t attempts_ = 0, remaining_ = 0;
  uint64_t kept_ = 0;
  Duration per_try_idle_{}; // the policy may be gone when the response is on its way
  bool per_try_whole_ = false;
  Instant due_[kDueCount] = {}, deadline_ = base::kNever;
  retry::Backoff backoff_;
  cluster::RetrySlot slot_;
  StartInfo start_;
  Reply reply_;
  FixedText<192> reply_text_;
};

} // namespace kgw::exchange
