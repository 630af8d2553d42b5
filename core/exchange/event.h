#pragma once
// What can happen to an exchange, as a value: the live proxy, a recorded trace and a written script feed the machine
// alike.

#include "exchange/machine.h"

namespace kgw::exchange {

struct Event {
  enum class Kind : uint8_t {
    kHead,
    kBody,
    kEnd,
    kClientGone,
    kReady,
    kFailed,
    kInform,
    kResponse,
    kMoved,
    kFinished,
    kTimeout
  };
  Kind kind;
  uint8_t slot = 0;
  bool end = false;           // kHead: no body follows
  bool reused = false;        // kReady
  Gone gone{};                // kClientGone
  std::string_view reason{};  // kClientGone
  uint16_t status = 0;        // kInform
  uint64_t bytes = 0;         // kBody
  Failure failure{};          // kFailed
  retry::ResponseFacts facts; // kResponse
};

inline Step feed(Machine& machine, const Event& event, Instant now) {
  switch (event.kind) {
  case Event::Kind::kHead: return machine.head(event.end, now);
  case Event::Kind::kBody: return machine.body(event.bytes, now);
  case Event::Kind::kEnd: return machine.end(now);
  case Event::Kind::kClientGone: return machine.client_gone(event.gone, event.reason, now);
  case Event::Kind::kReady: return machine.ready(event.slot, event.reused, now);
  case Event::Kind::kFailed: return machine.failed(event.slot, event.failure, now);
  case Event::Kind::kInform: return machine.inform(event.slot, event.status, now);
  case Event::Kind::kResponse: return machine.response(event.slot, event.facts, now);
  case Event::Kind::kMoved: return machine.moved(now);
  case Event::Kind::kFinished: return machine.finished(event.slot, now);
  case Event::Kind::kTimeout: return machine.timeout(now);
  }
  __builtin_unreachable();
}

// One event of a live exchange, as a recorder gets it. Pointers live for the call.
struct Traced {
  const void* exchange = nullptr; // tells apart those that are open at the same time
  const Plan* plan = nullptr;
  const Ledger* ledger = nullptr; // after the event
  Event event;
  Instant at{};
  base::Random random; // before the event
  Step step;
  Instant deadline{}; // after the event
};

} // namespace kgw::exchange
