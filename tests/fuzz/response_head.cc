// A response to GET, HEAD (first byte H) or CONNECT (C), then a close: as request_head.

#include "fuzz/drive.h"

using namespace kgw::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view text = text_of(data + 1, size - 1), method = method_by(static_cast<char>(data[0]));
  Pieces pieces = pieces_of(text);
  Told whole = ask({text}, method);
  REQUIRE(whole == ask(pieces, method));
  REQUIRE(whole.heads.size() <= 1 && whole.ends <= 1);
  REQUIRE(whole.bad == 0 || whole.bad == 502);
  for (const auto& heads : {whole.heads, whole.informs, whole.trailers}) {
    for (const std::string& head : heads) require_clean(head);
  }
  Told tight = ask({text}, method, kTight), tight_pieces = ask(pieces, method, kTight);
  REQUIRE(tight.heads == tight_pieces.heads);
  REQUIRE(tight.informs == tight_pieces.informs);
  REQUIRE(tight.informs.size() <= kTight.informational_responses);
  REQUIRE(tight.body == tight_pieces.body);
  REQUIRE(tight.bad == tight_pieces.bad);
  return 0;
}
