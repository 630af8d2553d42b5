// The chunked decoder, whole and in pieces, against the grammar: here both take exactly the same, but for the limits.

#include "codec/h1/chunked.h"
#include "fuzz/drive.h"
#include "fuzz/grammar.h"

using namespace kgw::fuzz;
using kgw::codec::h1::ChunkedDecoder;

namespace {

struct Decoded {
  Verdict verdict = Verdict::kIncomplete;
  std::string body, reason;
  size_t bytes = 0; // when complete
  bool operator==(const Decoded&) const = default;
};

Decoded decode(const Pieces& pieces) {
  ChunkedDecoder decoder;
  decoder.begin(4096);
  Decoded decoded;
  for (std::string_view piece : pieces) {
    std::vector<char> exact(piece.begin(), piece.end());
    std::span<char> in(exact);
    std::span<const char> data;
    while (!in.empty()) {
      switch (decoder.next(in, data)) {
      case ChunkedDecoder::Step::kMore: REQUIRE(in.empty()); break;
      case ChunkedDecoder::Step::kData:
        REQUIRE(!data.empty());
        decoded.body.append(data.data(), data.size());
        break;
      case ChunkedDecoder::Step::kLast:
        decoded.verdict = Verdict::kComplete;
        decoded.bytes += piece.size() - in.size();
        return decoded;
      case ChunkedDecoder::Step::kBad:
        decoded.verdict = Verdict::kRefused;
        decoded.reason = decoder.fault().reason;
        return decoded;
      }
    }
    decoded.bytes += piece.size();
  }
  decoded.bytes = 0;
  return decoded;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = text_of(data, size);
  Decoded whole = decode({text}), pieces = decode(pieces_of(text));
  REQUIRE(whole.verdict == pieces.verdict && whole.body == pieces.body && whole.reason == pieces.reason);
  Message message;
  Verdict verdict = read_chunks(text, message);
  if (whole.reason == "http1.chunk_line_too_long" || whole.reason == "http1.chunk_overhead") return 0;
  // The decoder looks at each byte as it comes, the grammar at whole lines.
  REQUIRE(whole.verdict == verdict || (whole.verdict == Verdict::kRefused && verdict == Verdict::kIncomplete));
  if (verdict != Verdict::kComplete) return 0;
  REQUIRE(whole.body == message.body);
  REQUIRE(whole.bytes == message.bytes && pieces.bytes == message.bytes);
  return 0;
}
