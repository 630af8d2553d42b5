// Frames of a client that means harm: what is counted, and where it ends (RFC 9113 10.5).

#include "unit/codec/h2/pair.h"

namespace kgw::codec::h2::test {
namespace {

std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload = {}) {
  auto byte = [](uint32_t number, int shift) { return static_cast<char>(number >> shift & 0xff); };
  auto size = static_cast<uint32_t>(payload.size());
  std::string text{byte(size, 16), byte(size, 8), byte(size, 0), static_cast<char>(type), static_cast<char>(flags)};
  for (int shift : {24, 16, 8, 0}) text += byte(stream, shift);
  return text + std::string(payload);
}

// :method GET, :scheme http, :path / and :authority a, out of the static table and one literal.
const std::string kHead = "\x82\x86\x84\x41\x01"
                          "a";

struct Server {
  explicit Server(const StreamLimits& limits = {}) : codec(make_server_codec(arenas, {}, limits)) {
    send(std::string(kPreface) + frame(4, 0, 0));
  }
  // The reason why the connection ended, or nothing.
  std::string send(std::string text) {
    std::span<char> in(text);
    Event event;
    while (true) {
      EventKind kind = codec->next(in, event);
      if (kind == EventKind::kBad) ended = event.reason;
      if (kind == EventKind::kBad) break;
      if (kind == EventKind::kRefused) refused = event.reason;
      if (kind == EventKind::kHead) {
        ++heads;
        if (answers) {
          codec->bind(event.stream, this);
          codec->write_head(event.stream, {.status = 204}, true, out);
          codec->bind(event.stream, nullptr);
        }
      }
      if (kind != EventKind::kNeedMore) continue;
      if (!codec->wants_write()) break;
      codec->write(out);
    }
    return ended;
  }
  Arenas arenas;
  std::unique_ptr<ServerCodec> codec;
  base::OutBuffer out;
  std::string ended, refused;
  int heads = 0;
  bool answers = false;
};

TEST(Http2Frames, RapidResetEndsTheConnection) {
  Server server({.resets = 10});
  std::string ended;
  for (uint32_t i = 0; i < 10; ++i)
    EXPECT_EQ(server.send(frame(1, 5, 2 * i + 1, kHead) + frame(3, 0, 2 * i + 1, std::string("\0\0\0\x8", 4))), "");
  EXPECT_EQ(server.send(frame(1, 5, 21, kHead) + frame(3, 0, 21, std::string("\0\0\0\x8", 4))),
            "http2.too_many_resets");
}

TEST(Http2Frames, AClientThatIsAnsweredMayResetMore) {
  Server server({.resets = 10});
  server.answers = true;
  uint32_t id = 1;
  for (int i = 0; i < 5; ++i, id += 2) server.send(frame(1, 5, id, kHead));
  server.answers = false;
  for (int i = 0; i < 15; ++i, id += 2)
    EXPECT_EQ(server.send(frame(1, 5, id, kHead) + frame(3, 0, id, std::string("\0\0\0\x8", 4))), "") << i;
  EXPECT_EQ(server.send(frame(1, 5, id, kHead) + frame(3, 0, id, std::string("\0\0\0\x8", 4))),
            "http2.too_many_resets");
}

TEST(Http2Frames, MadeToResetCountsToo) {
  Server server({.resets = 10});
  std::string ended;
  uint32_t id = 1;
  for (int i = 0; i < 12 && ended.empty(); ++i, id += 2)
    ended = server.send(frame(1, 4, id, kHead) + frame(8, 0, id, std::string("\x7f\xff\xff\xff", 4)));
  EXPECT_EQ(ended, "http2.too_many_resets");
}

// RFC 9113 5.1: what the client sent before it knew of our reset is passed over.
TEST(Http2Frames, ABodyAndTrailersThatCrossOurResetHarmNothing) {
  Server server;
  server.send(frame(1, 4, 1, kHead));
  server.codec->reset(1, Reset::kCancel, server.out);
  EXPECT_EQ(server.send(frame(0, 0, 1, "some body") + frame(1, 5, 1, std::string("\x40\x01z\x01z", 5))), "");
  EXPECT_EQ(server.send(frame(1, 5, 3, kHead)), "");
  EXPECT_EQ(server.heads, 2);
}

// 5.1, 5.1.1: anything else on a stream that is closed, or that its client has passed over, is an error.
TEST(Http2Frames, ClosedStreamsStayClosed) {
  for (uint8_t type : {uint8_t{0}, uint8_t{1}}) {
    Server server;
    server.answers = true;
    server.send(frame(1, 5, 1, kHead));
    EXPECT_EQ(server.send(frame(type, 5, 1, kHead)), "http2.stream_closed") << int{type};
  }
  Server server;
  server.send(frame(1, 5, 5, kHead));
  EXPECT_EQ(server.send(frame(1, 5, 3, kHead)), "http2.stream_id_not_above");
}

TEST(Http2Frames, EmptyFramesInARow) {
  Server server({.empty_frames = 1});
  server.send(frame(1, 4, 1, kHead));
  EXPECT_EQ(server.send(frame(0, 0, 1)), "");
  EXPECT_EQ(server.send(frame(0, 0, 1, "x")), "");
  EXPECT_EQ(server.send(frame(0, 0, 1)), "");
  EXPECT_EQ(server.send(frame(0, 0, 1)), "http2.too_many_empty_frames");
}

TEST(Http2Frames, Continuations) {
  Server server({.empty_frames = 100, .continuation_frames = 3});
  server.send(frame(1, 1, 1, kHead));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(server.send(frame(9, 0, 1, "\x88")), "") << i;
  EXPECT_EQ(server.send(frame(9, 0, 1, "\x88")), "http2.too_many_continuations");
}

TEST(Http2Frames, EightContinuationsByteByByte) {
  Server server;
  server.send(frame(1, 1, 1, kHead));
  std::string rest;
  for (int i = 0; i < 8; ++i) rest += frame(9, i == 7 ? 4 : 0, 1, std::string("\x40\x01z\x01z", 5));
  for (char c : rest) EXPECT_EQ(server.send(std::string(1, c)), "");
  EXPECT_EQ(server.heads, 1);
}

TEST(Http2Frames, PrioritiesAndWindowUpdates) {
  Server server({.priority_frames = 5, .window_updates = 5});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(server.send(frame(2, 0, 1, std::string("\0\0\0\0\x10", 5))), "");
  EXPECT_EQ(server.send(frame(2, 0, 1, std::string("\0\0\0\0\x10", 5))), "http2.too_many_priorities");
  Server other({.priority_frames = 5, .window_updates = 5});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(other.send(frame(8, 0, 0, std::string("\0\0\0\1", 4))), "");
  EXPECT_EQ(other.send(frame(8, 0, 0, std::string("\0\0\0\1", 4))), "http2.too_many_window_updates");
}

TEST(Http2Frames, TrailersWhoseReaderLeavesHalfWay) {
  Server server;
  server.send(frame(1, 4, 1, kHead));
  server.codec->bind(1, &server);
  server.send(frame(1, 1, 1,
                    std::string("\x00\x01"
                                "a\x01"
                                "b",
                                5)));
  server.codec->bind(1, nullptr);
  server.arenas.all.clear(); // the exchange serves another request
  EXPECT_EQ(server.send(frame(9, 4, 1,
                              std::string("\x00\x01"
                                          "c\x01"
                                          "d",
                                          5))),
            "");
}

// RFC 9113 8.3.1: Host and :authority say the same, or there is one of them.
TEST(Http2Frames, TwoHosts) {
  Server server;
  server.send(frame(1, 5, 1,
                    kHead + std::string("\x00\x04host\x01"
                                        "a",
                                        8)));
  EXPECT_EQ(server.heads, 1);
  server.send(frame(1, 5, 3,
                    kHead + std::string("\x00\x04host\x01"
                                        "b",
                                        8)));
  EXPECT_EQ(server.refused, "http2.host_conflict");
  server.send(frame(1, 5, 5,
                    std::string("\x82\x86\x84\x00\x04host\x01"
                                "b",
                                11)));
  EXPECT_EQ(server.heads, 2) << "Host alone";
  server.send(frame(1, 5, 7, "\x82\x86\x84"));
  EXPECT_EQ(server.heads, 2) << "no host at all";
}

// RFC 9113 5.1.1; libnghttp2 passes over it.
TEST(Http2Frames, AStreamIdThatIsNotAboveTheLast) {
  Server server;
  server.send(frame(1, 5, 7, kHead));
  EXPECT_EQ(server.send(frame(1, 5, 5, kHead)), "http2.stream_id_not_above");
}

TEST(Http2Frames, ABrokenConnectionReadsNothingMore) {
  Server server;
  EXPECT_EQ(server.send(frame(0, 0, 0, "x")), "http2.protocol_error");
  EXPECT_EQ(server.send(frame(1, 5, 1, kHead)), "http2.protocol_error");
  EXPECT_EQ(server.heads, 0);
}

TEST(Http2Frames, NoPrefaceIsNoHttp2) {
  Arenas arenas;
  auto codec = make_server_codec(arenas, {}, {});
  std::string text = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
  std::span<char> in(text);
  Event event;
  EXPECT_EQ(codec->next(in, event), EventKind::kBad);
}

} // namespace
} // namespace kgw::codec::h2::test
