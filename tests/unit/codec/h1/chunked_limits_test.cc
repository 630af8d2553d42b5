// What a chunked body may cost beside its data: at each limit and one above.

#include "codec/h1/chunked.h"
#include "unit/codec/h1/client_fixture.h"
#include "unit/codec/h1/server_fixture.h"

namespace kgw::codec::h1::test {
namespace {

// The status of one body as a request's and as a response's.
struct Both {
  uint16_t request, response;
  bool operator==(const Both&) const = default;
};
constexpr Both kGood{0, 0}, kBad{400, 502};

Both of(const std::string& body, const HeadLimits& limits = {}) {
  return {
      serve_every_way("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" + body, limits).bad,
      ask_every_way("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + body, limits).bad,
  };
}

// RFC 9112 7.1.1: a recipient limits the extensions that it reads.
TEST(ChunkedLimits, Line) {
  HeadLimits limits{.chunk_line_bytes = 10};
  EXPECT_EQ(of("3;12345678\r\nabc\r\n0\r\n\r\n", limits), kGood);
  EXPECT_EQ(of("3;123456789\r\nabc\r\n0\r\n\r\n", limits), kBad);
  EXPECT_EQ(of("3;1=\"45678\"\r\n", {.chunk_line_bytes = 11}), kGood);
  EXPECT_EQ(of("3;1=\"45678\"\r\n", limits), kBad);
  EXPECT_EQ(of("00000000003\r\n", limits), kBad);
  auto line = [](size_t bytes) { return "0;" + std::string(bytes - 2, 'x') + "\r\n\r\n"; };
  const std::string head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
  EXPECT_EQ(serve({head + line(4096)}).bad, 0);
  EXPECT_EQ(serve({head + line(4097)}).bad, 400);
  EXPECT_EQ(serve({head + line(4097)}).reason, "http1.chunk_line_too_long");
}

// RFC 9112 7.1.2: trailers are under the limits of heads.
TEST(ChunkedLimits, Trailers) {
  HeadLimits limits{.head_bytes = 80, .field_count = 3};
  EXPECT_EQ(of("0\r\na: 1\r\na: 2\r\na: 3\r\n\r\n", limits), kGood);
  EXPECT_EQ(of("0\r\na: 1\r\na: 2\r\na: 3\r\na: 4\r\n\r\n", limits), kBad);
  // Those that are dropped count.
  EXPECT_EQ(of("0\r\ncookie: 1\r\ncookie: 2\r\nhost: 3\r\na: 4\r\n\r\n", limits), kBad);
  EXPECT_EQ(of("0\r\na: " + std::string(80 - 7, 'x') + "\r\n\r\n", limits), kGood);
  EXPECT_EQ(of("0\r\na: " + std::string(80 - 6, 'x') + "\r\n\r\n", limits), kBad);
  EXPECT_EQ(of("0\r\na: " + std::string(80, 'x'), limits), kBad); // and never ends
}

// How many bytes of `text` are taken; all of them, or those up to the refusal.
size_t taken(std::string text, ChunkedDecoder& decoder) {
  std::span<char> in(text);
  std::span<const char> data;
  while (!in.empty() && decoder.next(in, data) != ChunkedDecoder::Step::kBad) {
  }
  return text.size() - in.size();
}

// Nearly nothing but framing: free up to 100 KiB of it, then at most 80 % of what was received.
TEST(ChunkedLimits, Overhead) {
  ChunkedDecoder decoder;
  decoder.begin(4096);
  int chunks = 0;
  while (taken("1\r\nx\r\n", decoder) == 6) ++chunks;
  EXPECT_EQ(chunks, 20'480); // 5 bytes each; the line of the next one makes it 102403, 102400 are free
  EXPECT_STREQ(decoder.fault().reason, "http1.chunk_overhead");

  decoder.begin(4096);
  for (chunks = 0; chunks < 100'000 && taken("4\r\nabcd\r\n", decoder) == 9; ++chunks) {
  }
  EXPECT_EQ(chunks, 100'000);
}

// A body whose framing is four times its data, and `more`, when its last line is complete.
std::string four_fifths(size_t more) {
  std::string text = "6590\r\n" + std::string(0x6590, 'x') + "\r\n";
  size_t overhead = 8, data = 0x6590;
  for (; 4 * data + more - overhead > 3000; overhead += 2000, ++data)
    text += "1;" + std::string(2000 - 6, 'e') + "\r\ny\r\n";
  return text + "1;" + std::string(4 * data + more - overhead - 4, 'e') + "\r\n";
}

TEST(ChunkedLimits, OverheadIsExact) {
  for (size_t more : {0, 1}) {
    ChunkedDecoder decoder;
    decoder.begin(4096);
    taken(four_fifths(more), decoder);
    EXPECT_EQ(static_cast<bool>(decoder.fault()), more == 1);
  }
}

} // namespace
} // namespace kgw::codec::h1::test
