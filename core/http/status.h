#pragma once

#include <cstdint>
#include <string_view>

namespace kgw::http {

// The registered reason phrase, or an empty text for an unregistered status.
std::string_view reason_phrase(uint16_t status);

} // namespace kgw::http
