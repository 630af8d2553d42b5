#pragma once
// What an intermediary must take away from and add to a message. Pure: the caller brings addresses and ids.

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "http/head.h"

namespace kgw::http {

// Appends a field; grows the array in the arena when it is full. Name lower case; both texts must outlive the head.
void add_field(Head& head, base::Arena& arena, Token token, std::string_view value);
void add_field(Head& head, base::Arena& arena, std::string_view lower_case_name, std::string_view value);
// add after removing every line of that name.
void set_field(Head& head, base::Arena& arena, Token token, std::string_view value);
void set_field(Head& head, base::Arena& arena, std::string_view lower_case_name, std::string_view value);

// Removes Connection, every field it names, and the hop-by-hop fields (RFC 9110 7.6.1). Fails with kInvalid when
// Connection names a field that the message needs (host, content-length, transfer-encoding, x-forwarded-*,
// x-request-id, a pseudo header) or ten or more names. `te: trailers` survives as a field with exactly that value (RFC
// 9110 10.1.4).
base::Result<void> strip_hop_by_hop(Head& head);

struct Peer {
  std::string_view address;           // of the downstream peer, without port
  std::string_view forwarded_address; // what x-forwarded-for records: the machine's own address for a loopback peer
  bool internal = false;              // inside --internal-cidr
  bool tls = false;
};

// The request headers of Envoy's connection manager with use_remote_address and no trusted hops: strips the x-envoy-*
// fields of untrusted clients, appends x-forwarded-for, overwrites x-forwarded-proto, sets x-request-id (overwritten
// for edge requests, else only when missing), x-envoy-external-address for edge requests, x-envoy-internal for internal
// ones. `request_id` is used when one is needed. All texts must outlive the head (arena). A request is internal iff
// peer.internal and it came without x-forwarded-for.
void shape_request(Head& head, base::Arena& arena, const Peer& peer, std::string_view request_id);

// RFC 9110 7.6.3: appends our entry to the request's Via. False when it is there already: a loop. `entry` ("1.1
// pseudonym") must outlive the head.
bool add_via(Head& head, base::Arena& arena, std::string_view entry);

// RFC 9110 7.6.2, for TRACE and OPTIONS: counts Max-Forwards down. False when it is 0: the request goes no further.
bool count_forward(Head& head, base::Arena& arena);

} // namespace kgw::http
