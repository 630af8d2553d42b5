#pragma once
// Where a cluster lives. An EndpointSet is immutable and shared; each worker keeps a Host per endpoint with its own
// state.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cluster/health.h"

namespace kgw::cluster {

// A numeric address. Bytes as net::Address has them, without making this pure module depend on net.
struct Endpoint {
  uint8_t ip[16] = {};
  uint16_t port = 0;
  bool v6 = false;
  uint32_t weight = 1;
  std::string text;                                            // ADDR:PORT
  std::string server_name;                                     // TLS: who must answer there; empty in plain text
  bool verified = false;                                       // TLS: whether the answer is checked
  std::shared_ptr<Health> health = std::make_shared<Health>(); // Runtime::admit replaces it for a place known before
  bool same_place(const Endpoint& other) const {
    return text == other.text && server_name == other.server_name && verified == other.verified;
  }
};

using EndpointSet = std::vector<Endpoint>;

} // namespace kgw::cluster
