#include "unit/codec/h1/server_fixture.h"

namespace kgw::codec::h1::test {
namespace {

TEST(Server, ParsesAGet) {
  Told told = serve_every_way("GET /a?b HTTP/1.1\r\nHost: x.test:80\r\nUser-Agent: t\r\nX-Empty:\r\n\r\n");
  EXPECT_EQ(told.heads, std::vector<std::string>{"GET|x.test:80|/a?b|user-agent=t;x-empty=;"});
  EXPECT_EQ(told.ends, 1);
  EXPECT_EQ(told.bad, 0);
}

TEST(Server, ParsesPipelinedBodies) {
  Told told = serve_every_way(
      "\r\nPOST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc"
      "POST /2 HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\ndef\r\n0\r\nt: 1\r\n\r\n"
      "GET /3 HTTP/1.1\r\nhost: a\r\n\r\n");
  EXPECT_EQ(told.heads.size(), 3u);
  EXPECT_EQ(told.body, "abcdef");
  EXPECT_EQ(told.trailers, std::vector<std::string>{"t=1;"});
  EXPECT_EQ(told.ends, 3);
}

} // namespace
} // namespace kgw::codec::h1::test
