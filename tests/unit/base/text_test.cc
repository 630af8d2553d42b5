#include "base/text.h"

#include <gtest/gtest.h>

namespace kgw::base {
namespace {

TEST(Base64, IsStrictButForLineBreaks) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("eA=="), "x");
  EXPECT_EQ(decode_base64("eHk="), "xy");
  EXPECT_EQ(decode_base64("eHl6"), "xyz");
  EXPECT_EQ(decode_base64("eHl6\neHl6"), "xyzxyz");
  EXPECT_EQ(decode_base64("/+8="), "\xff\xef");
  for (const char* bad : {"e", "eA", "eA=", "eA===", "=", "====", "eA==eA==", "e A=", "eA=x", "e===", "eA==x", "-_8="})
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
}

} // namespace
} // namespace kgw::base
