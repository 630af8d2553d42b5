#pragma once
// The messages of grpc.health.v1.Health/Check, with gRPC's prefix in front. Pure.

#include <string>
#include <string_view>

namespace kgw::upstream {

inline constexpr std::string_view kGrpcHealthPath = "/grpc.health.v1.Health/Check";

// Asks for this service; empty: for the server as a whole.
std::string grpc_health_request(std::string_view service);
// Whether an answer's body is one whole message that says SERVING.
bool grpc_health_serving(std::string_view body);

} // namespace kgw::upstream
