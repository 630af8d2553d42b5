#pragma once
// The marks that the server puts on an object: times and ids.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"

namespace kgw::config {

std::string rfc3339(int64_t unix_seconds); // 2026-11-24T22:50:15Z
// Fractions are cut; an offset is applied. Nothing when the text is no such time.
std::optional<int64_t> parse_rfc3339(std::string_view text);

// Version 4 (RFC 9562 5.4), from a generator that is good enough to be unique and no secret.
std::string make_uuid(base::Random& random);

} // namespace kgw::config
