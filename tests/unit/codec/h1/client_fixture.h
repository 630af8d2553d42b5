#pragma once

#include <gtest/gtest.h>

#include "http/method.h"
#include "unit/codec/h1/pieces.h"

namespace kgw::codec::h1::test {

inline http::Head get(const char* method = "GET") {
  http::Head head;
  head.method = method;
  head.method_id = http::method_of(method);
  head.authority = "a";
  head.path = "/";
  return head;
}

// One request, its response in pieces; `close`: then the peer closes.
inline Told ask(const std::vector<std::string_view>& pieces, const HeadLimits& limits = {}, bool close = false,
                const char* method = "GET", bool* reusable = nullptr) {
  auto codec = make_client_codec(limits);
  base::OutBuffer out;
  codec->write_request(get(method), {}, true, nullptr, out);
  Told told = feed(*codec, pieces, [](EventKind, const Event&) {});
  if (close) {
    Event event;
    note(told, codec->closed(event), event);
  }
  if (reusable != nullptr) *reusable = codec->reusable();
  return told;
}

inline Told ask_every_way(const std::string& text, const HeadLimits& limits = {}, const char* method = "GET",
                          bool close = false) {
  bool reusable = false, as_expected = false;
  Told expected = ask({text}, limits, close, method, &as_expected);
  for (const auto& pieces : ways(text)) {
    Told told = ask(pieces, limits, close, method, &reusable);
    EXPECT_EQ(told, expected) << text << " " << told.reason;
    EXPECT_EQ(reusable, as_expected) << text;
  }
  return expected;
}

} // namespace kgw::codec::h1::test
