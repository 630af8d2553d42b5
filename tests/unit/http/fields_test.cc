#include <gtest/gtest.h>

#include "unit/http/text_head.h"

namespace kgw::http::test {
namespace {

TEST(Fields, FindSetRemove) {
  base::Arena arena;
  Head head = make_head(arena, {{"a", "1"}, {"via", "x"}, {"a", "2"}});
  EXPECT_EQ(head.find("a")->value_view(), "1");
  EXPECT_EQ(head.find(Token::kVia)->value_view(), "x");
  EXPECT_EQ(head.find("via")->token, Token::kVia);
  EXPECT_EQ(head.find(Token::kDate), nullptr);
  set_field(head, arena, "a", "3");
  set_field(head, arena, Token::kVia, "y");
  EXPECT_EQ(text_of(head), "a=3;via=y;");
  set_field(head, arena, "via", "z");
  EXPECT_EQ(text_of(head), "a=3;via=z;");
  head.remove("a");
  head.remove("via");
  head.remove("none");
  EXPECT_EQ(text_of(head), "");
  EXPECT_TRUE(present_is_true(head));
}

TEST(Fields, TheArrayGrows) {
  base::Arena arena;
  Head head;
  for (int i = 0; i < 300; ++i) add_field(head, arena, i % 2 == 0 ? "x" : "cookie", "v");
  EXPECT_EQ(head.count, 300);
  EXPECT_GE(head.capacity, 300);
  EXPECT_EQ(head.fields[299].name_view(), "cookie");
  EXPECT_TRUE(head.fields[299].flags & kNeverLog);
  EXPECT_FALSE(head.fields[298].flags & kNeverLog);
}

} // namespace
} // namespace kgw::http::test
