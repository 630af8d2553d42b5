#pragma once
// HTTP/2 (RFC 9113), both sides, on libnghttp2.

#include <memory>

#include "base/block_pool.h"
#include "codec/client_codec.h"

namespace kgw::codec::h2 {

// What a client with prior knowledge sends first.
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// `arenas` and `blocks` outlive the codec. `blocks`: where libnghttp2 gets its memory; null: from malloc.
std::unique_ptr<ServerCodec> make_server_codec(ArenaSource& arenas, const HeadLimits& heads,
                                               const StreamLimits& streams, base::BlockPool* blocks = nullptr);
std::unique_ptr<ClientCodec> make_client_codec(const HeadLimits& heads, const StreamLimits& streams,
                                               base::BlockPool* blocks = nullptr);

} // namespace kgw::codec::h2
