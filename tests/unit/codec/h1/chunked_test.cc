// RFC 9112 7.1, through both codecs: the coding is one for requests and responses.

#include "unit/codec/h1/client_fixture.h"
#include "unit/codec/h1/server_fixture.h"

namespace kgw::codec::h1::test {
namespace {

Told request(const std::string& body) {
  return serve_every_way("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" + body);
}
Told response(const std::string& body) {
  return ask_every_way("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + body);
}

Told cut(const std::string& body) {
  std::string text = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + body;
  return ask({text}, {}, true);
}

TEST(Chunked, Accepted) {
  const std::pair<std::string, const char*> rows[] = {
      {"0\r\n\r\n", ""},
      {"3\r\nabc\r\n0\r\n\r\n", "abc"},
      {"3\r\nabc\r\n2\r\nde\r\n000\r\n\r\n", "abcde"},
      {"0000000000000003\r\nabc\r\n0\r\n\r\n", "abc"},
      {"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"},
      {"3;x=y;z=\"q\t\xff\"\r\nabc\r\n0;last\r\n\r\n", "abc"},
      {"3;a;b=c;d=\"\\\"\";e\r\nabc\r\n0\r\n\r\n", "abc"},
      {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
      {"5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"},
  };
  for (const auto& [body, expected] : rows) {
    for (const Told& told : {request(body), response(body)}) {
      EXPECT_EQ(told.bad, 0) << body << told.reason;
      EXPECT_EQ(told.body, expected) << body;
      EXPECT_EQ(told.ends, 1) << body;
      EXPECT_EQ(told.left, 0u) << body;
    }
  }
}

TEST(Chunked, Refused) {
  const std::string rows[] = {
      "\r\n",
      "x\r\n",
      "0x3\r\nabc\r\n",
      "+3\r\nabc\r\n",
      "-3\r\nabc\r\n",
      " 3\r\nabc\r\n",
      "3 \r\nabc\r\n",
      "3 ;x\r\nabc\r\n",
      "3\t\r\nabc\r\n",
      "1_0\r\nabc\r\n",
      "3.\r\nabc\r\n",
      ";x\r\nabc\r\n",
      "00000000000000003\r\nabc\r\n", // 17 digits
      "8000000000000000\r\n",
      "ffffffffffffffff\r\n",
      "10000000000000003\r\nabc\r\n",
      // RFC 9112 7.1.1
      "3;\r\nabc\r\n",
      "3;;x\r\nabc\r\n",
      "3;x;\r\nabc\r\n",
      "3;=y\r\nabc\r\n",
      "3;x=\r\nabc\r\n",
      "3;x=y=z\r\nabc\r\n",
      "3; x\r\nabc\r\n",
      "3;x =y\r\nabc\r\n",
      "3;x \r\nabc\r\n",
      "3;x=\"y\r\nabc\r\n",
      "3;x=\"y\"z\r\nabc\r\n",
      "3;x=\"\\\r\nabc\r\n",
      "3;x=\"\ny\"\r\nabc\r\n",
      "3;\xff\r\nabc\r\n",
      "3\nabc\r\n",
      "3\rabc\r\n",
      "3\r\r\nabc\r\n",
      "3;x\nabc\r\n",
      "3;\r\r\n;x\r\nabc\r\n",
      std::string("3;\0\r\nabc\r\n", 11),
      "3;\x7f\r\nabc\r\n",
      "3\r\nabc\n0\r\n\r\n",
      "3\r\nabcXX0\r\n\r\n",
      "3\r\nabc\rX0\r\n\r\n",
      "3\r\nabc0\r\n\r\n",
      "3\r\nabcd\r\n0\r\n\r\n",
      "3\r\nabc\r\n\r\n0\r\n\r\n",
      "0\r\n\n",
      "0\r\n\rX\n",
  };
  for (const std::string& body : rows) {
    Told up = request(body), down = response(body);
    EXPECT_EQ(up.bad, 400) << body;
    EXPECT_EQ(down.bad, 502) << body;
    EXPECT_EQ(up.ends + down.ends, 0) << body;
  }
}

// RFC 9112 8: what stops early did not end.
TEST(Chunked, Unterminated) {
  for (const char* body : {"3\r\nabc", "3\r\nabc\r\n", "3\r\nabc\r\n0", "3\r\nabc\r\n0\r\n", "3\r\nabc\r\n0\r\n\r",
                           "3\r\nabc\r\n0\r\nx: 1\r\n"}) {
    EXPECT_EQ(request(body).ends, 0) << body;
    EXPECT_EQ(request(body).bad, 0) << body;
    EXPECT_EQ(cut(body).bad, 502) << body;
  }
}

// RFC 9112 7.1.2, RFC 9110 6.5.1.
TEST(Chunked, TrailersAreCheckedFilteredAndApart) {
  Told told = request(
      "0\r\nX-T: 1\r\ncontent-length: 5\r\nhost: b\r\nauthorization: x\r\nx-forwarded-for: y\r\nX-Envoy-Any: z\r\n"
      "Forwarded: for=b\r\nx-forwarded-port: 1\r\nDate: d\r\n\r\n");
  EXPECT_EQ(told.bad, 0);
  EXPECT_EQ(told.trailers, std::vector<std::string>{"x-t=1;date=d;"});
  EXPECT_EQ(told.heads, std::vector<std::string>{"POST|a|/|transfer-encoding=chunked;"});
  EXPECT_EQ(response("0\r\nX-T: 1\r\n\r\n").trailers, std::vector<std::string>{"x-t=1;"});
  for (const char* line :
       {"x : 1", ": 1", "x", " x: 1", "x: 1\r\n y", "x: \x01", "x: a\rb", "x: a\nb", "transfer_encoding: chunked"}) {
    EXPECT_EQ(request(std::string("0\r\n") + line + "\r\n\r\n").bad, 400) << line;
    EXPECT_EQ(response(std::string("0\r\n") + line + "\r\n\r\n").bad, 502) << line;
  }
}

} // namespace
} // namespace kgw::codec::h1::test
