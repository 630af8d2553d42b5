#pragma once

#include <cstdint>
#include <string_view>

namespace kgw::http {

enum class MethodId : uint8_t { kOther, kGet, kHead, kPost, kPut, kDelete, kConnect, kOptions, kTrace, kPatch };

// Methods are case-sensitive tokens. RFC 9110 9.1.
MethodId method_of(std::string_view name);
std::string_view method_name(MethodId id); // empty for kOther

} // namespace kgw::http
