// Each limit at its value and one above, complete heads and endless ones.

#include "unit/codec/h1/client_fixture.h"
#include "unit/codec/h1/server_fixture.h"

namespace kgw::codec::h1::test {
namespace {

// A head of exactly `bytes` bytes.
std::string head_of(size_t bytes, size_t fields = 1) {
  std::string text = "GET / HTTP/1.1\r\nhost: a\r\n";
  for (size_t i = 1; i < fields; ++i) text += "x: y\r\n";
  text += "z: ";
  text.append(bytes - text.size() - 4, 'v');
  return text + "\r\n\r\n";
}

TEST(Limits, HeadBytes) {
  for (uint32_t limit : {100u, 1023u, 1024u, 1025u, 1500u, 3000u}) {
    HeadLimits limits{.head_bytes = limit};
    EXPECT_EQ(serve({head_of(limit)}, limits).bad, 0) << limit;
    EXPECT_EQ(serve({head_of(limit + 1)}, limits).bad, 431) << limit;
    EXPECT_EQ(serve({head_of(limit, 10)}, limits).bad, 0) << limit;
    EXPECT_EQ(serve({head_of(limit + 1, 10)}, limits).bad, 431) << limit;
  }
  EXPECT_EQ(serve_every_way(head_of(300, 5), {.head_bytes = 300}).bad, 0);
  EXPECT_EQ(serve_every_way(head_of(301, 5), {.head_bytes = 300}).bad, 431);
}

TEST(Limits, AnEndlessHeadIsRefusedAtTheLimit) {
  Arenas arenas;
  auto codec = make_server_codec(arenas, {.head_bytes = 1000});
  Event event;
  Input input;
  input.add("GET / HTTP/1.1\r\nhost: a\r\nx: ");
  size_t fed = input.left().size();
  while (codec->next(input.left(), event) == EventKind::kNeedMore) {
    input.add("v");
    ASSERT_LE(++fed, 1001u);
  }
  EXPECT_EQ(event.status, 431);
  EXPECT_EQ(fed, 1001u);
}

TEST(Limits, FieldCount) {
  auto with = [](int count) {
    std::string text = "GET / HTTP/1.1\r\nhost: a\r\n";
    for (int i = 1; i < count; ++i) text += "x: y\r\n";
    return text + "\r\n";
  };
  EXPECT_EQ(serve({with(100)}).bad, 0);
  EXPECT_EQ(serve({with(101)}).bad, 431);
  EXPECT_EQ(serve_every_way(with(30), {.field_count = 30}).bad, 0);
  EXPECT_EQ(serve_every_way(with(31), {.field_count = 30}).bad, 431);
}

TEST(Limits, RequestLine) {
  auto with = [](size_t bytes) {
    std::string line = "GET /" + std::string(bytes - 14, 'x') + " HTTP/1.1";
    return line + "\r\nhost: a\r\n\r\n";
  };
  HeadLimits limits{.line_bytes = 50};
  EXPECT_EQ(serve_every_way(with(50), limits).bad, 0);
  EXPECT_EQ(serve_every_way(with(51), limits).bad, 414);
  EXPECT_EQ(serve({"GET /" + std::string(60'000, 'x')}, limits).bad, 414);
  EXPECT_EQ(serve({"GET /" + std::string(70'000, 'x')}).bad, 414);
  EXPECT_EQ(serve({with(9000)}).bad, 0);
}

// RFC 9112 3: a target that is too long is a 414, also where the limit of the head is the nearer one.
TEST(Limits, RequestLineBesideTheHead) {
  auto line = [](size_t bytes) { return "GET /" + std::string(bytes - 16, 'x') + " HTTP/1.1\r\n"; };
  for (size_t line_bytes : {78, 79, 200}) {
    HeadLimits limits{.head_bytes = 80, .line_bytes = static_cast<uint32_t>(line_bytes)};
    EXPECT_EQ(serve_every_way(line(70) + "host: a\r\n\r\n", limits).bad, 431) << line_bytes;
    EXPECT_EQ(serve_every_way(line(80) + "host: a\r\n\r\n", limits).bad, 431) << line_bytes;
    EXPECT_EQ(serve_every_way(line(81) + "host: a\r\n\r\n", limits).bad, 414) << line_bytes;
    EXPECT_EQ(serve_every_way(line(300) + "host: a\r\n\r\n", limits).bad, 414) << line_bytes;
    EXPECT_EQ(serve_every_way(line(300).substr(0, 290), limits).bad, 414) << line_bytes;
  }
}

// A first line longer than the parser's window is a line for itself: what comes behind it stays under the limit.
TEST(Limits, HeadBytesBehindALongLine) {
  HeadLimits limits{.head_bytes = 3000, .line_bytes = 4000};
  std::string line = "GET /" + std::string(2000, 'x') + " HTTP/1.1\r\nhost: a\r\nx: ";
  EXPECT_EQ(serve({line + std::string(3000 - line.size() - 4, 'y') + "\r\n\r\n"}, limits).bad, 0);
  EXPECT_EQ(serve({line + std::string(3001 - line.size() - 4, 'y') + "\r\n\r\n"}, limits).bad, 431);
  limits.head_bytes = 1500;
  EXPECT_EQ(serve({line + std::string(9000, 'y') + "\r\n\r\n"}, limits).bad, 414);
  std::string status = "HTTP/1.1 204 " + std::string(2000, 'x') + "\r\n";
  EXPECT_EQ(ask({status + "\r\n"}, {.head_bytes = 2017}).bad, 0);
  EXPECT_EQ(ask({status + "\r\n"}, {.head_bytes = 2016}).bad, 502);
  EXPECT_EQ(ask({status + "\r\n"}, limits).bad, 502);
  EXPECT_EQ(ask({status + "\r\n"}, limits).reason, "http1.headers_too_large");
}

// No narrowing: a name longer than its 16-bit length is not another name.
TEST(Limits, NameLength) {
  HeadLimits limits{.head_bytes = 1 << 20, .line_bytes = 1 << 20};
  std::string name(65536 + 4, 'a');
  EXPECT_EQ(serve({"GET / HTTP/1.1\r\nhost: a\r\n" + name + ": 1\r\n\r\n"}, limits).bad, 431);
  EXPECT_EQ(serve({"GET / HTTP/1.1\r\nhost: a\r\n" + name.substr(0, 65535) + ": 1\r\n\r\n"}, limits).bad, 0);
}

TEST(Limits, Responses) {
  HeadLimits limits{.head_bytes = 200, .field_count = 3};
  auto response = [&](const std::string& fields) {
    return ask_every_way("HTTP/1.1 204 X\r\n" + fields + "\r\n", limits).bad;
  };
  EXPECT_EQ(response("x: " + std::string(200 - 23, 'y') + "\r\n"), 0);
  EXPECT_EQ(response("x: " + std::string(200 - 22, 'y') + "\r\n"), 502);
  EXPECT_EQ(response("a: 1\r\na: 2\r\na: 3\r\n"), 0);
  EXPECT_EQ(response("a: 1\r\na: 2\r\na: 3\r\na: 4\r\n"), 502);
  EXPECT_EQ(ask({std::string(201, 'x')}, limits).bad, 502);
}

// RFC 9110 15.2: any number of interim responses must be understood; a storm must not last.
TEST(Limits, InformationalResponses) {
  auto storm = [](int count, const HeadLimits& limits) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "HTTP/1.1 102 X\r\n\r\n";
    return ask({text + "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"}, limits);
  };
  EXPECT_EQ(storm(64, {}).bad, 0);
  EXPECT_EQ(storm(64, {}).informs.size(), 64u);
  EXPECT_EQ(storm(65, {}).bad, 502);
  EXPECT_EQ(storm(65, {}).reason, "http1.too_many_1xx");
  EXPECT_EQ(storm(65, {}).heads.size(), 0u);
  EXPECT_EQ(storm(300, {.informational_responses = 300}).bad, 0);
  EXPECT_EQ(storm(301, {.informational_responses = 300}).bad, 502);
  EXPECT_EQ(storm(1, {.informational_responses = 0}).bad, 502);
}

// The copy follows the bytes that came: a large head one byte at a time costs the arena what it costs whole.
TEST(Limits, MemoryDoesNotGrowWithThePieces) {
  base::Arena arena;
  struct One final : ArenaSource {
    base::Arena* arena;
    base::Arena& request_arena(StreamId) override { return *arena; }
  } source;
  source.arena = &arena;
  auto codec = make_server_codec(source, {});
  std::string text = head_of(20'000, 60);
  Event event;
  for (size_t bytes = 1; bytes <= text.size(); ++bytes) {
    std::span<char> in(text.data(), bytes);
    EventKind kind = codec->next(in, event);
    ASSERT_EQ(kind, bytes < text.size() ? EventKind::kNeedMore : EventKind::kHead);
  }
  EXPECT_LE(arena.reserved_bytes(), 40'000u);
}

} // namespace
} // namespace kgw::codec::h1::test
