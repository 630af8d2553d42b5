#pragma once
// Both codecs over one text, whole and in pieces that follow from the text itself.

#include "fuzz/require.h"
#include "http/method.h"
#include "unit/codec/h1/pieces.h"

namespace kgw::fuzz {

using namespace codec;
using h1::test::Told;
using Pieces = std::vector<std::string_view>;

// 1 to 16 bytes each, chosen by a hash of the text: every input is cut in its own way, the same each time.
inline Pieces pieces_of(std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  Pieces pieces;
  while (!text.empty()) {
    hash = hash * 6364136223846793005u + 1442695040888963407u;
    pieces.push_back(text.substr(0, 1 + (hash >> 60)));
    text.remove_prefix(pieces.back().size());
  }
  return pieces;
}

// Each request is answered with an empty 204, so that the next one is read.
inline Told serve(const Pieces& pieces, const HeadLimits& limits = {}) {
  h1::test::Arenas arenas;
  auto codec = h1::make_server_codec(arenas, limits);
  base::OutBuffer out;
  return h1::test::feed(*codec, pieces, [&](EventKind kind, const Event& event) {
    if (event.end || kind == EventKind::kEnd || kind == EventKind::kTrailers)
      codec->write_head(0, http::Head{.status = 204}, true, out);
  });
}

inline http::Head request_with(std::string_view method) {
  return {.method = method, .authority = "a", .path = "/", .method_id = http::method_of(method)};
}

// The response to one request; behind it the peer closes.
inline Told ask(const Pieces& pieces, std::string_view method, const HeadLimits& limits = {}) {
  auto codec = h1::make_client_codec(limits);
  base::OutBuffer out;
  codec->write_request(request_with(method), {}, true, nullptr, out);
  Told told = h1::test::feed(*codec, pieces, [](EventKind, const Event&) {});
  Event event;
  if (told.bad == 0) h1::test::note(told, codec->closed(event), event);
  return told;
}

// The first byte of a response input says what was asked for.
inline std::string_view method_by(char letter) { return letter == 'H' ? "HEAD" : letter == 'C' ? "CONNECT" : "GET"; }

inline void require_clean(const std::string& text) {
  for (char c : text) REQUIRE(static_cast<unsigned char>(c) >= 0x20 || c == '\t');
}

// Small enough for the fuzzer to meet every limit. Which of two faults is told first may depend on the pieces.
inline constexpr HeadLimits kTight{.head_bytes = 120,
                                   .line_bytes = 60,
                                   .field_count = 4,
                                   .chunk_line_bytes = 12,
                                   .informational_responses = 2,
                                   .accept_http_1_0 = true};

} // namespace kgw::fuzz
