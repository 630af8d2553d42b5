#pragma once
// Why an attempt ended without a response. One closed list; names, replies and flags are Envoy's.

#include <cstdint>
#include <string_view>

namespace kgw::retry {

enum class Reason : uint8_t {
  kNone,
  kRemoteConnectionFailure, // refused, unreachable, or lost during the TLS handshake
  kLocalConnectionFailure,  // no descriptor or local port to connect from
  kConnectionTimeout,       // the cluster's connect timeout
  kConnectionTermination,   // closed or reset before the first response byte
  kProtocolError,           // unparsable, or cut inside the head (HTTP/1)
  kOverflow,                // a circuit breaker of the pool
  kPerTryTimeout,
  kLocalReset,         // we gave the attempt up (client gone, global timeout)
  kRemoteReset,        // HTTP/2: RST_STREAM
  kRemoteRefused,      // HTTP/2: REFUSED_STREAM, or a stream behind the last one that a GOAWAY names: nothing was done
  kRemoteConnectError, // HTTP/2: RST_STREAM with CONNECT_ERROR
};

struct ReasonFacts {
  std::string_view name; // as bodies, details and ledgers show it
  uint16_t status;       // of the local reply
  bool connecting;       // the connect-failure token covers it
};
const ReasonFacts& facts_of(Reason reason);

} // namespace kgw::retry
