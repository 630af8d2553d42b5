#pragma once

#include <cstdint>
#include <string_view>

namespace kgw::http {

// The registered reason phrase, or an empty text for an unregistered status.
std::string_view reason_phrase(uint16_t status);
// What a grpc-status means in HTTP, by gRPC's own mapping; 500 for one that is no number of its list.
uint16_t status_of_grpc(std::string_view grpc_status);

} // namespace kgw::http
