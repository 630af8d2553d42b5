// RFC 9110 7.6.1, 10.1.4.

#include <gtest/gtest.h>

#include "unit/http/text_head.h"

namespace kgw::http::test {
namespace {

std::string stripped(const Rows& rows) {
  base::Arena arena;
  Head head = make_head(arena, rows);
  if (!strip_hop_by_hop(head)) return "refused";
  EXPECT_TRUE(present_is_true(head));
  return text_of(head);
}

TEST(HopByHop, RemovesWhatConnectionNamesAndItself) {
  EXPECT_EQ(stripped({{"a", "1"}, {"accept", "2"}}), "a=1;accept=2;");
  EXPECT_EQ(stripped({{"connection", "close"}, {"a", "1"}}), "a=1;");
  EXPECT_EQ(stripped({{"connection", "X-Foo, keep-alive"},
                      {"x-foo", "1"},
                      {"keep-alive", "timeout=5"},
                      {"b", "2"},
                      {"x-foo", "3"}}),
            "b=2;");
  EXPECT_EQ(stripped({{"connection", " ,, x ,"}, {"connection", "y"}, {"x", "1"}, {"y", "1"}, {"z", "1"}}), "z=1;");
  EXPECT_EQ(stripped({{"connection", "x-envoy-retry-on"}, {"x-envoy-retry-on", "5xx"}}), "");
  EXPECT_EQ(stripped({{"connection", "connection"}, {"a", "1"}}), "a=1;");
  EXPECT_EQ(stripped({{"connection", ""}, {"a", "1"}}), "a=1;");
}

TEST(HopByHop, RemovesConnectionFieldsThatNobodyNamed) {
  EXPECT_EQ(stripped({{"keep-alive", "x"},
                      {"proxy-connection", "x"},
                      {"upgrade", "h2c"},
                      {"http2-settings", "x"},
                      {"transfer-encoding", "chunked"},
                      {"a", "1"}}),
            "a=1;");
}

// RFC 9110 5.3: what is left keeps its order, lines of one name included; set-cookie lines stay apart.
TEST(HopByHop, TheOrderStays) {
  EXPECT_EQ(
      stripped({{"b", "1"}, {"set-cookie", "x"}, {"connection", "a"}, {"b", "2"}, {"a", "3"}, {"set-cookie", "y"}}),
      "b=1;set-cookie=x;b=2;set-cookie=y;");
}

// Every line of a named field goes, also one that is known by token, and a name is whole: "x-f" is not "x-foo".
TEST(HopByHop, NamesAreWholeAndEveryLineGoes) {
  EXPECT_EQ(stripped({{"connection", "X-F,Cookie"}, {"cookie", "1"}, {"x-foo", "2"}, {"cookie", "3"}, {"x-f", "4"}}),
            "x-foo=2;");
  EXPECT_EQ(stripped({{"connection", "x-foo x-bar"}, {"x-foo", "1"}, {"x-bar", "2"}}), "x-foo=1;x-bar=2;");
  EXPECT_EQ(stripped({{"connection", "Host-Of, contents-length"}, {"host-of", "1"}}), "");
}

TEST(HopByHop, RefusesToLoseWhatTheMessageNeeds) {
  for (const char* name : {"host", "Content-Length", "transfer-encoding", "X-Forwarded-For", "x-forwarded-anything",
                           "x-request-id", ":path"}) {
    EXPECT_EQ(stripped({{"connection", name}}), "refused") << name;
  }
  EXPECT_EQ(stripped({{"connection", "a,b,c,d,e,f,g,h,i"}}), "");
  EXPECT_EQ(stripped({{"connection", "a,b,c,d,e,f,g,h,i,j"}}), "refused");
  EXPECT_EQ(stripped({{"connection", "a,b,c,d,e"}, {"connection", "f,g,h,i,j"}}), "refused");
}

TEST(HopByHop, OfTeOnlyTrailersSurvives) {
  EXPECT_EQ(stripped({{"te", "trailers"}}), "te=trailers;");
  EXPECT_EQ(stripped({{"te", "gzip, Trailers"}, {"connection", "te"}, {"te", "trailers"}}), "te=trailers;");
  EXPECT_EQ(stripped({{"te", "gzip"}}), "");
  EXPECT_EQ(stripped({{"te", "trailers;q=1"}}), "");
}

} // namespace
} // namespace kgw::http::test
