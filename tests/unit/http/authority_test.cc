#include <gtest/gtest.h>

#include <string>

#include "http/target.h"

namespace kgw::http {
namespace {

// RFC 9112 3.2, RFC 3986 3.2.2, RFC 9110 4.2.4 (userinfo).
TEST(Authority, Valid) {
  for (const char* text : {"a", "a.b-c_d~e", "A.Test:80", "x:", "x:0", "x:65535", "127.0.0.1:8080", "[::1]", "[::1]:80",
                           "[2001:db8::1]", "[::ffff:1.2.3.4]:1", "a%41b", "%2Frun%2Fx.sock", "a!$&'()*+;=b"}) {
    EXPECT_TRUE(valid_authority(text)) << text;
  }
}

TEST(Authority, Invalid) {
  for (const char* text : {"",       ":80",    "a:65536", "a:99999", "a:123456",  "a:8x",  "a:-1",
                           "a:+1",   "a: 80",  "a:80:90", "u@a",     "u:p@a",     "a,b",   "a b",
                           "a/b",    "a?b",    "a#b",     "a\\b",    "a\"b",      "<a>",   "[::1",
                           "::1",    "[::1]x", "[::1]:x", "[]",      "[1.2.3.4]", "[::g]", "[fe80::1%25eth0]",
                           "[v1.a]", "a%4",    "a%zz",    "a%",      "\xc3\xa4",  "a\tb",  "a]"}) {
    EXPECT_FALSE(valid_authority(text)) << text;
  }
  EXPECT_FALSE(valid_authority(std::string_view("a\0b", 3)));
  EXPECT_FALSE(valid_authority(std::string_view("[::1\0]", 6)));
  EXPECT_FALSE(valid_authority("[" + std::string(60, '1') + "]"));
}

TEST(Authority, HostWithoutPort) {
  EXPECT_EQ(host_of("Example.test:8080"), "Example.test");
  EXPECT_EQ(host_of("a"), "a");
  EXPECT_EQ(host_of("[::1]:80"), "[::1]");
  EXPECT_EQ(host_of("[::1]"), "[::1]");
}

} // namespace
} // namespace kgw::http
