// Requests, pipelined: the same told whole and in pieces, no control byte in any part of a head.

#include "fuzz/drive.h"

using namespace kgw::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = text_of(data, size);
  Pieces pieces = pieces_of(text);
  Told whole = serve({text});
  REQUIRE(whole == serve(pieces));
  for (const std::string& head : whole.heads) require_clean(head);
  for (const std::string& trailers : whole.trailers) require_clean(trailers);

  Told tight = serve({text}, kTight), tight_pieces = serve(pieces, kTight);
  REQUIRE(tight.heads == tight_pieces.heads);
  REQUIRE(tight.body == tight_pieces.body);
  REQUIRE((tight.bad == 0) == (tight_pieces.bad == 0));
  return 0;
}
