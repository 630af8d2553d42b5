#pragma once
// An HTTP/2 codec over one text, whole or in pieces.

#include "fuzz/drive.h"
#include "unit/codec/h2/pair.h"

namespace kgw::fuzz {

// Each event is visited; what the codec has to say itself is thrown away. Returns why nobody reads on, empty if all
// was read.
template <class Codec, class Visit> std::string each_event(Codec& codec, const Pieces& pieces, Visit visit) {
  base::OutBuffer out;
  for (std::string_view piece : pieces) {
    std::vector<char> copy(piece.begin(), piece.end());
    std::span<char> in(copy);
    Event event;
    for (bool more = true; more;) {
      EventKind kind = codec.next(in, event);
      if (kind == EventKind::kBad) return event.reason;
      if (kind == EventKind::kOver) return "over";
      if (kind != EventKind::kNeedMore) {
        visit(kind, event, out);
        continue;
      }
      more = codec.wants_write();
      if (more) codec.write(out);
      out.clear();
    }
  }
  return {};
}

} // namespace kgw::fuzz
