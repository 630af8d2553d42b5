#pragma once
// The handshake of WebSocket (RFC 6455 4), of which HTTP/2 has none (RFC 8441 5): we take the part of the side that
// does without.

#include "base/arena.h"
#include "base/random.h"
#include "http/head.h"

namespace kgw::proxy {

// A client of HTTP/2 sends no key, and an origin of HTTP/1 asks for one. True: the key is ours.
bool ask_for_websocket(http::Head& request, base::Arena& arena, base::Random& random);

// `opens`: this answer opens the tunnel that the request asked for. `own_key`: what ask_for_websocket said. False: the
// answer is not what the client would take it for. Adds what the client waits for, takes out what it did not ask for.
bool agrees_on_tunnel(const http::Head& request, http::Head& answer, bool opens, bool own_key, base::Arena& arena);

} // namespace kgw::proxy
