// The fast scans against the plain definition, at every length and position.

#include "codec/h1/scan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kgw::codec::h1::test {
namespace {

bool control(int byte) { return (byte < 0x20 && byte != '\t') || byte == 0x7f; }
bool blank_or_control(int byte) { return byte <= 0x20 || byte == 0x7f; }

// [text, end) at its exact size on the heap, so that a sanitizer sees every byte read too far.
template <typename Find> size_t offset(const std::string& text, Find find) {
  std::vector<char> exact(text.begin(), text.end());
  return static_cast<size_t>(find(exact.data(), exact.data() + exact.size()) - exact.data());
}

TEST(Scan, FindsTheFirstBadByte) {
  for (size_t length : {1, 7, 8, 9, 15, 16, 17, 33, 40}) {
    for (size_t at = 0; at < length; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(length, '\x80');
        text[at] = static_cast<char>(byte);
        EXPECT_EQ(offset(text, find_control), control(byte) ? at : length) << length << " " << at << " " << byte;
        EXPECT_EQ(offset(text, find_blank), blank_or_control(byte) ? at : length) << length << " " << at << " " << byte;
      }
    }
  }
  EXPECT_EQ(offset("\t\ta\t\tb\t\r", find_control), 7u);
  EXPECT_EQ(offset("", find_control), 0u);
}

TEST(Scan, LowersTokens) {
  for (size_t length : {1, 15, 16, 17, 31, 32, 40}) {
    for (int byte = 0; byte < 256; ++byte) {
      for (size_t at = 0; at < length; ++at) {
        std::string text(length, 'A');
        text[at] = static_cast<char>(byte);
        text += ":ABC"; // what is behind the name stays as it is
        std::vector<char> exact(text.begin(), text.end());
        bool plain = true;
        size_t stop = static_cast<size_t>(lower_token(exact.data(), exact.data() + exact.size(), plain) - exact.data());
        bool token = is_token_byte(static_cast<char>(byte));
        ASSERT_EQ(stop, token ? length : at) << length << " " << at << " " << byte;
        for (size_t i = 0; i < exact.size(); ++i) {
          ASSERT_EQ(exact[i], i < stop ? static_cast<char>(kLowerToken[static_cast<unsigned char>(text[i])]) : text[i]);
        }
        if (byte == '_') {
          EXPECT_FALSE(plain);
        }
      }
    }
  }
}

} // namespace
} // namespace kgw::codec::h1::test
