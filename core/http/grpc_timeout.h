#pragma once
// The grpc-timeout request header: at most eight digits and a unit.

#include <optional>
#include <string_view>

#include "base/arena.h"
#include "base/time.h"

namespace kgw::http {

// In whole milliseconds, rounded up. None: not what gRPC writes.
std::optional<Duration> parse_grpc_timeout(std::string_view text);
// In milliseconds or, where eight digits are too few, seconds, rounded down; in the arena.
std::string_view format_grpc_timeout(Duration timeout, base::Arena& arena);

} // namespace kgw::http
