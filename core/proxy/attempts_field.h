#pragma once
// What became of each attempt, as a field of the response: for a client that asked with x-kgwcore-debug.

#include <string_view>

#include "base/arena.h"
#include "exchange/ledger.h"

namespace kgw::proxy {

inline constexpr size_t kMostAttemptsFieldBytes = 1024;

// A Structured Field list (RFC 9651 3.1): an item per attempt, its number, with the parameters `endpoint`, `status` or
// `reset`, `ms` (how long it took until now), `decision` and `delay-ms` (before the next one). What does not fit into
// kMostAttemptsFieldBytes is left out at the end, and the last item says of how many: `left-out`.
std::string_view attempts_field(const exchange::Ledger& ledger, Instant now, base::Arena& arena);

} // namespace kgw::proxy
