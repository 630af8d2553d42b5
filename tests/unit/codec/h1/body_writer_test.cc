#include "codec/h1/body_writer.h"

#include <gtest/gtest.h>

#include <string>

namespace kgw::codec::h1::test {
namespace {

using http::Framing;

std::string written(const OutBody& body, const std::vector<std::string>& pieces, bool* honest = nullptr) {
  BodyWriter writer;
  base::OutBuffer out;
  writer.begin(body);
  for (const std::string& piece : pieces) writer.data({piece.data(), piece.size()}, false, out);
  writer.data({}, true, out);
  if (honest != nullptr) *honest = writer.honest();
  return std::string(out.view());
}

// RFC 9112 7.1.
TEST(BodyWriter, Chunked) {
  OutBody chunked{.framing = Framing::kChunked};
  EXPECT_EQ(written(chunked, {}), "0\r\n\r\n");
  EXPECT_EQ(written(chunked, {"abc", "", "0123456789abcdef"}), "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
}

TEST(BodyWriter, WithoutFraming) {
  EXPECT_EQ(written({.framing = Framing::kUntilClose}, {"abc"}), "abc");
  EXPECT_EQ(written({.content_length = 3}, {"abc"}), ""); // HEAD
}

// RFC 9112 8: a message that is not what its length says must not be followed by another.
TEST(BodyWriter, LengthIsKept) {
  OutBody three{.framing = Framing::kLength, .content_length = 3};
  bool honest = false;
  EXPECT_EQ(written(three, {"a", "bc"}, &honest), "abc");
  EXPECT_TRUE(honest);
  EXPECT_EQ(written(three, {"ab"}, &honest), "ab");
  EXPECT_FALSE(honest);
  EXPECT_EQ(written(three, {"ab", "cd"}, &honest), "abc");
  EXPECT_FALSE(honest);
}

} // namespace
} // namespace kgw::codec::h1::test
