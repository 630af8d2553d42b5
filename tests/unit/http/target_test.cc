#include "http/target.h"

#include <gtest/gtest.h>

#include <string>

namespace kgw::http {
namespace {

struct Good {
  const char* text;
  MethodId method;
  const char *scheme, *authority, *path;
};

// RFC 9112 3.2.1 to 3.2.4.
TEST(Target, TheFourForms) {
  const Good rows[] = {
      {"/", MethodId::kGet, "", "", "/"},
      {"/a/b?c=d&e", MethodId::kGet, "", "", "/a/b?c=d&e"},
      {"//x/y", MethodId::kGet, "", "", "//x/y"},
      {"/\xc3\xa4", MethodId::kGet, "", "", "/\xc3\xa4"},
      {"*", MethodId::kOptions, "", "", "*"},
      {"http://a.test", MethodId::kGet, "http", "a.test", "/"},
      {"HTTP://a.test:81/x?y", MethodId::kGet, "http", "a.test:81", "/x?y"},
      {"https://[::1]/", MethodId::kPost, "https", "[::1]", "/"},
      {"http://a?q", MethodId::kGet, "http", "a", "/?q"},
      {"http://a", MethodId::kOptions, "http", "a", "*"}, // RFC 9112 3.2.4
      {"http://a?q", MethodId::kOptions, "http", "a", "/?q"},
      {"a.test:443", MethodId::kConnect, "", "a.test:443", ""},
      {"[::1]:443", MethodId::kConnect, "", "[::1]:443", ""},
  };
  base::Arena arena;
  for (const Good& row : rows) {
    auto target = parse_target(row.text, row.method, arena);
    ASSERT_TRUE(target) << row.text;
    EXPECT_EQ(target->scheme, row.scheme) << row.text;
    EXPECT_EQ(target->authority, row.authority) << row.text;
    EXPECT_EQ(target->path, row.path) << row.text;
  }
}

TEST(Target, Refused) {
  struct Row {
    std::string text;
    MethodId method;
  };
  const Row rows[] = {
      {"", MethodId::kGet},
      {"*", MethodId::kGet},
      {"**", MethodId::kOptions},
      {"a.test:443", MethodId::kGet},
      {"a.test", MethodId::kConnect},
      {"a.test:", MethodId::kConnect},
      {"a.test:x", MethodId::kConnect},
      {"/", MethodId::kConnect},
      {"http://a/", MethodId::kConnect},
      {"path", MethodId::kGet},
      {"?q", MethodId::kGet},
      {"/a#b", MethodId::kGet},
      {"http://a/#b", MethodId::kGet},
      {"http:///x", MethodId::kGet},
      {"http://u@a/", MethodId::kGet},
      {"http://a:70000/", MethodId::kGet},
      {"http://a,b/", MethodId::kGet},
      {"ftp://a/", MethodId::kGet},
      {"http:/a", MethodId::kGet},
      {"/a b", MethodId::kGet},
      {"/a\tb", MethodId::kGet},
      {"/a\x7f", MethodId::kGet},
      {std::string("/a\0b", 4), MethodId::kGet},
      {"/a\r\nb", MethodId::kGet},
  };
  base::Arena arena;
  for (const Row& row : rows) {
    auto target = parse_target(row.text, row.method, arena);
    ASSERT_FALSE(target) << row.text;
    EXPECT_EQ(target.error().code, base::ErrorCode::kInvalid);
  }
}

} // namespace
} // namespace kgw::http
