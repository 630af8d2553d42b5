#pragma once

#include <string_view>

#include "base/arena.h"
#include "base/random.h"

namespace kgw::proxy {

// A UUIDv4 (RFC 9562 5.4) in the arena.
std::string_view make_request_id(base::Random& random, base::Arena& arena);

} // namespace kgw::proxy
