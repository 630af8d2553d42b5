#pragma once
// HTTP/1.1, both sides. The strictest reading of RFC 9112: where the RFC lets a recipient choose, the choice that no
// honest peer notices.

#include <memory>

#include "codec/client_codec.h"

namespace kgw::codec::h1 {

// `arenas` outlives the codec.
std::unique_ptr<ServerCodec> make_server_codec(ArenaSource& arenas, const HeadLimits& limits);
std::unique_ptr<ClientCodec> make_client_codec(const HeadLimits& limits);

} // namespace kgw::codec::h1
