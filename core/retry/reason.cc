#include "retry/reason.h"

namespace kgw::retry {

const ReasonFacts& facts_of(Reason reason) {
  static constexpr ReasonFacts kFacts[] = {
      {"", 0, false},
      {"remote connection failure", 503, true},
      {"local connection failure", 503, true},
      {"connection timeout", 503, true},
      {"connection termination", 503, false},
      {"protocol error", 502, false},
      {"overflow", 503, false},
      {"per-try timeout", 504, false},
      {"local reset", 503, false},
      {"remote reset", 503, false},
      {"remote refused stream reset", 503, false},
      {"remote error with CONNECT request", 503, false},
  };
  return kFacts[static_cast<int>(reason)];
}

} // namespace kgw::retry
