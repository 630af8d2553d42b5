#include "codec/choose.h"

#include "codec/h1/h1.h"
#include "codec/h2/h2.h"

namespace kgw::codec {

std::unique_ptr<ServerCodec> choose_server_codec(std::string_view agreed, std::span<const char> first,
                                                 ArenaSource& arenas, const HeadLimits& heads,
                                                 const StreamLimits& streams, base::BlockPool* blocks) {
  std::string_view begin(first.data(), std::min(first.size(), h2::kPreface.size()));
  if (agreed == "http/1.1") return h1::make_server_codec(arenas, heads);
  if (agreed == "h2" || begin == h2::kPreface) return h2::make_server_codec(arenas, heads, streams, blocks);
  if (h2::kPreface.starts_with(begin)) return nullptr;
  return h1::make_server_codec(arenas, heads);
}

} // namespace kgw::codec
