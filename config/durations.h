#pragma once
// The three ways in which these documents write a duration, and the one in which we print it.

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace kgw::config {

enum class DurationGrammar : uint8_t {
  kGateway,     // GEP-2257: up to four of 1h, 1m, 1s, 1ms
  kProtobuf,    // decimal seconds: 1.250s
  kGo,          // signed, decimal, ns to h, or 0
  kRouteOption, // protobuf or Go: its controller reads Go, its API documents protobuf
};

// Nothing when `text` is outside the grammar or beyond what nanoseconds in 64 bits hold (292 years).
std::optional<Duration> parse_duration(DurationGrammar grammar, std::string_view text);
// What the grammar accepts, in words, with an example.
const char* duration_rule(DurationGrammar grammar);

// GEP-2257 form, largest unit first, "0s" for zero. What is below a millisecond is cut, but a positive duration prints
// at least "1ms".
std::string print_duration(Duration duration);

} // namespace kgw::config
