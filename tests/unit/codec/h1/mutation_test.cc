// A byte that has no business in a head, inserted at every position or put in the place of every byte: refused, or
// harmless.

#include "unit/codec/h1/client_fixture.h"
#include "unit/codec/h1/server_fixture.h"

namespace kgw::codec::h1::test {
namespace {

const std::string kRequest =
    "GET http://b.test/p?q HTTP/1.1\r\nHost: b.test\r\nX-Long-Name-Of-A-Field: some value\r\nE:\r\nCookie: a=b\r\n"
    "content-length: 0\r\n\r\n";
const std::string kResponse =
    "HTTP/1.1 200 Fine\r\nServer: some server\r\nE:\r\nX-Long-Name-Of-A-Field: v\r\ncontent-length: 0\r\n\r\n";

TEST(Mutation, InsertedIntoARequest) {
  const Told original = serve({kRequest});
  ASSERT_EQ(original.heads.size(), 1u);
  for (char byte : {'\0', '\r', '\n', '\x01', '\x0b', '\x7f'}) {
    for (size_t at = 0; at <= kRequest.size(); ++at) {
      std::string text = kRequest;
      text.insert(at, 1, byte);
      Told told = serve({text});
      if (!told.heads.empty()) {
        EXPECT_EQ(told.heads, original.heads);
      }
      if (at < kRequest.size() - 4) {
        EXPECT_EQ(told.bad, 400) << at << " " << int{byte};
      }
    }
  }
}

TEST(Mutation, InsertedIntoAResponse) {
  const Told original = ask({kResponse});
  ASSERT_EQ(original.heads.size(), 1u);
  for (char byte : {'\0', '\r', '\n', '\x01', '\x0b', '\x7f'}) {
    for (size_t at = 0; at <= kResponse.size(); ++at) {
      std::string text = kResponse;
      text.insert(at, 1, byte);
      Told told = ask({text});
      if (!told.heads.empty()) {
        EXPECT_EQ(told.heads, original.heads) << at << " " << int{byte};
      }
      if (at < kResponse.size() - 4) {
        EXPECT_EQ(told.bad, 502) << at << " " << int{byte};
      }
    }
  }
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
