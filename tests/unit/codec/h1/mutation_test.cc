// A byte that has no business in a head, inserted at every position or put in the place of every byte: refused, or
// harmless.

#include "unit/codec/h1/client_fixture.h"
#include "unit/codec/h1/server_fixture.h"

namespace kgw::codec::h1::test {
namespace {

const std::string kRequest =
    "GET http://b.test/p?q HTTP/1.1\r\nHost: b.test\r\nX-Long-Name-Of-A-Field: some value\r\nE:\r\nCookie: a=b\r\n"
    "content-length: 0\r\n\r\n";
const std::string kNext = "GET /next HTTP/1.1\r\nhost: next\r\n\r\n"; // must never begin earlier or later

const std::string kRequests[] = {
    kRequest,
    "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
    "CONNECT a:443 HTTP/1.1\r\nhost: a\r\nConnection: keep-alive\r\n\r\n",
    "HEAD /%41?x=y HTTP/1.1\r\nhost:\ta \r\nTE: trailers\r\nConnection: TE\r\nExpect: 100-continue\r\n\r\n",
    "POST / HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nabc\r\n10;x=y;z=\"q\\\"\"\r\n0123456789abcdef\r\n0;l\r\nT: 1\r\nU:\r\n\r\n",
};

const std::string kResponses[] = {
    "HTTP/1.1 200 Fine\r\nServer: some server\r\nE:\r\nX-Long-Name-Of-A-Field: v\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 204\r\nConnection: close\r\n\r\n",
    "HTTP/1.0 304 X\r\nconnection: keep-alive\r\ncontent-length: 7\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nabc\r\n10;x=y;z=\"q\\\"\"\r\n0123456789abcdef\r\n0;l\r\nT: 1\r\nU:\r\n\r\n",
};

template <typename T> bool begins_with(const T& whole, const T& part) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

// Heads are those of the original as far as they come, and so is every message that ended. Data of a message that is
// refused later may be told before.
void expect_no_other_meaning(const Told& told, const Told& original, const std::string& text) {
  EXPECT_TRUE(begins_with(original.heads, told.heads)) << text;
  EXPECT_TRUE(begins_with(original.informs, told.informs)) << text;
  EXPECT_TRUE(begins_with(original.trailers, told.trailers)) << text;
  std::string ended = told.order.substr(0, told.ends == 0 ? 0 : told.order.rfind("end,") + 4);
  EXPECT_TRUE(begins_with(original.order, ended)) << text;
  if (told.ends > 0) {
    EXPECT_EQ(told.body, original.body) << text;
  }
  EXPECT_TRUE(told.bad != 0 || told.left > 0 || told.ends < original.ends || told == original) << text;
}

std::vector<std::string_view> bytes_of(std::string_view text) { return ways(text)[1]; }

constexpr char kBytes[] = {'\0', '\r', '\n', '\x01', '\x0b', '\x7f'};

// A head that is complete but for its last empty line, or a body that is not over, does not survive any of them.
template <typename Feed> void insert_everywhere(const std::string& sample, const std::string& tail, Feed feed_pieces) {
  const Told original = feed_pieces({sample + tail});
  ASSERT_EQ(original.bad, 0) << original.reason;
  ASSERT_EQ(original.left, 0u);
  for (char byte : kBytes) {
    for (size_t at = 0; at <= sample.size(); ++at) {
      std::string text = sample + tail;
      text.insert(at, 1, byte);
      Told told = feed_pieces({text});
      expect_no_other_meaning(told, original, text);
      EXPECT_EQ(told, feed_pieces(bytes_of(text))) << text;
      if (at < sample.size() - 4) {
        EXPECT_NE(told.bad, 0) << at << " " << int{byte} << " " << text;
      }
    }
  }
}

TEST(Mutation, InsertedIntoARequest) {
  for (const std::string& sample : kRequests)
    insert_everywhere(sample, kNext, [](const std::vector<std::string_view>& pieces) { return serve(pieces); });
}

TEST(Mutation, InsertedIntoAResponse) {
  for (const std::string& sample : kResponses)
    insert_everywhere(sample, "", [](const std::vector<std::string_view>& pieces) { return ask(pieces); });
}

// Every byte replaced by every other: the parser comes to an end, and no control byte ever gets through.
TEST(Mutation, ReplacedBytes) {
  for (size_t at = 0; at < kRequest.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = kRequest;
      text[at] = static_cast<char>(byte);
      Told told = serve({text});
      for (const std::string& head : told.heads) {
        for (char c : head) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\t') << at << " " << byte;
      }
      if (byte < 0x20 && byte != '\t' && text != kRequest) {
        EXPECT_TRUE(told.heads.empty()) << at << " " << byte;
      }
    }
  }
}

} // namespace
} // namespace kgw::codec::h1::test
