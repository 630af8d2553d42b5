#pragma once
// Which protocol a client speaks, from what TLS has agreed on or else from the first bytes it sends.

#include <memory>

#include "base/block_pool.h"
#include "codec/server_codec.h"

namespace kgw::codec {

// Null: they may become one or the other. `arenas` and `blocks` outlive the codec; `blocks` as in h2/h2.h.
std::unique_ptr<ServerCodec> choose_server_codec(std::string_view agreed, std::span<const char> first,
                                                 ArenaSource& arenas, const HeadLimits& heads,
                                                 const StreamLimits& streams, base::BlockPool* blocks = nullptr);

} // namespace kgw::codec
