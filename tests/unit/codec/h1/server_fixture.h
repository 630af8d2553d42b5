#pragma once

#include <gtest/gtest.h>

#include "unit/codec/h1/pieces.h"

namespace kgw::codec::h1::test {

// Each request is answered with an empty 204 as soon as it is complete, so that pipelined ones follow.
inline Told serve(const std::vector<std::string_view>& pieces, const HeadLimits& limits = {}) {
  Arenas arenas;
  auto codec = make_server_codec(arenas, limits);
  base::OutBuffer out;
  return feed(*codec, pieces, [&](EventKind kind, const Event& event) {
    if (!event.end && kind != EventKind::kEnd && kind != EventKind::kTrailers) return;
    http::Head answer;
    answer.status = 204;
    codec->write_head(0, answer, true, out);
  });
}

inline Told serve_every_way(std::string_view text, const HeadLimits& limits = {}) {
  Told expected = serve({text}, limits);
  for (const auto& pieces : ways(text)) {
    Told told = serve(pieces, limits);
    EXPECT_EQ(told.bad, expected.bad) << text;
    EXPECT_EQ(told, expected) << text;
  }
  return expected;
}

} // namespace kgw::codec::h1::test
