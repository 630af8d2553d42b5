// The rules for requests, one row each with its clause. Every row is fed whole, byte by byte and cut at each position.

#include "unit/codec/h1/server_fixture.h"

namespace kgw::codec::h1::test {
namespace {

struct Row {
  const char* clause;
  std::string text;
  uint16_t bad; // 0: accepted
};

std::string with_line(const std::string& line) { return line + "\r\nhost: a\r\n\r\n"; }
std::string with_field(const std::string& field) { return "GET / HTTP/1.1\r\nhost: a\r\n" + field + "\r\n\r\n"; }
std::string with_host(const std::string& fields, const char* target = "/") {
  return std::string("GET ") + target + " HTTP/1.1\r\n" + fields + "\r\n";
}

void check(const std::vector<Row>& rows, const HeadLimits& limits = {}) {
  for (const Row& row : rows) {
    Told told = serve_every_way(row.text, limits);
    EXPECT_EQ(told.bad, row.bad) << row.clause << ": " << row.text << " " << told.reason;
    EXPECT_EQ(told.heads.size(), row.bad == 0 ? 1u : 0u) << row.clause << ": " << row.text;
  }
}

TEST(RequestRules, RequestLine) {
  check({
      {"9112 3", with_line("GET / HTTP/1.1"), 0},
      {"9112 3", with_line("GET  / HTTP/1.1"), 400},
      {"9112 3", with_line("GET /  HTTP/1.1"), 400},
      {"9112 3", with_line("GET\t/ HTTP/1.1"), 400},
      {"9112 3", with_line(" GET / HTTP/1.1"), 400},
      {"9112 3", with_line("GET / HTTP/1.1 "), 400},
      {"9112 3", with_line("GET / HTTP/1.1x"), 400},
      {"9112 3", with_line("GET /\x01 HTTP/1.1"), 400},
      {"9112 3", with_line("GET /\x7f HTTP/1.1"), 400},
      {"9112 3", with_line(std::string("GET /\0 HTTP/1.1", 15)), 400},
      {"9112 3", with_line("GET /"), 400},
      {"9112 3", with_line("GET"), 400},
      {"9112 3", "\x16\x03\x01\x02\r\n", 400}, // a TLS hello
      {"9110 9.1", with_line("PURGE / HTTP/1.1"), 0},
      {"9110 9.1", with_line("get / HTTP/1.1"), 0},
      {"9110 9.1", with_line("G(T / HTTP/1.1"), 400},
      {"9110 9.1", with_line("G\xc3T / HTTP/1.1"), 400},
      {"9110 9.1", with_line("/ HTTP/1.1"), 400},
  });
}

TEST(RequestRules, Version) {
  check({
      {"9112 2.3", with_line("GET / http/1.1"), 400},
      {"9112 2.3", with_line("GET / HTTP/11"), 400},
      {"9112 2.3", with_line("GET / HTTP/1.10"), 400},
      {"9112 2.3", with_line("GET / HTTP/ 1.1"), 400},
      {"9112 2.3", with_line("GET / HTTP/1,1"), 400},
      {"9112 2.3", with_line("GET / HTCP/1.1"), 400},
      {"9110 6.2", with_line("GET / HTTP/1.2"), 0},
      {"9110 6.2", with_line("GET / HTTP/1.9"), 0},
      {"9110 15.6.6", with_line("GET / HTTP/2.0"), 505},
      {"9110 15.6.6", with_line("GET / HTTP/0.9"), 505},
      {"9113 3.4", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"9110 15.5.22", with_line("GET / HTTP/1.0"), 426},
  });
}

TEST(RequestRules, Http10) {
  HeadLimits limits{.accept_http_1_0 = true};
  check(
      {
          {"9112 3.2", "GET / HTTP/1.0\r\n\r\n", 0},
          {"9112 3.2", "GET / HTTP/1.0\r\nhost: a\r\n\r\n", 0},
          {"9112 3.2", "GET / HTTP/1.0\r\nhost: a\r\nhost: a\r\n\r\n", 400},
          {"9112 6.1", "POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400},
          {"9112 6.3", "POST / HTTP/1.0\r\nhost: a\r\n\r\n", 0}, // no length: no body, never until close
      },
      limits);
}

TEST(RequestRules, Target) {
  check({
      {"9112 3.2", with_line("GET * HTTP/1.1"), 400},
      {"9112 3.2.4", with_line("OPTIONS * HTTP/1.1"), 0},
      {"9112 3.2.3", with_line("CONNECT a:443 HTTP/1.1"), 0},
      {"9112 3.2.3", with_line("CONNECT / HTTP/1.1"), 400},
      {"9112 3.2.3", with_line("GET a:443 HTTP/1.1"), 400},
      {"9112 3.2", with_line("GET /#f HTTP/1.1"), 400},
      {"9112 3.2", with_line("GET /a?b#f HTTP/1.1"), 400},
      {"9112 3.2", with_line("GET http://b/#f HTTP/1.1"), 400},
      {"9112 3.2", with_line("GET a HTTP/1.1"), 400},
      {"9112 3.2", with_line("GET ?q HTTP/1.1"), 400},
      {"9112 3.2.2", with_line("GET ftp://b/x HTTP/1.1"), 400},
      {"9112 3.2.2", with_line("GET http://b:65536/ HTTP/1.1"), 400},
      {"9112 3.2.2", with_line("GET http:///x HTTP/1.1"), 400},
      {"9112 3.2.3", with_line("CONNECT a HTTP/1.1"), 400},
      {"9112 3.2.3", with_line("CONNECT a: HTTP/1.1"), 400},
      {"9112 3.2.3", with_line("CONNECT u@a:443 HTTP/1.1"), 400},
      {"9112 3.2.3", with_line("connect a:443 HTTP/1.1"), 400}, // another method
      {"9112 3.2.2", with_line("GET http://b/x HTTP/1.1"), 0},
      {"9110 4.2.4", with_line("GET http://u@b/x HTTP/1.1"), 400},
  });
}

// RFC 9112 3.2.2: routing and forwarding use one value, the URI's.
TEST(RequestRules, AbsoluteTargetWinsOverHost) {
  EXPECT_EQ(serve_every_way(with_host("host: a\r\n", "http://b:8/x?y")).heads[0], "GET|b:8|/x?y|");
  EXPECT_EQ(serve_every_way(with_host("host: a\r\n", "http://b?y")).heads[0], "GET|b|/?y|");
}

TEST(RequestRules, Host) {
  check({
      {"9112 3.2", with_host(""), 400},
      {"9112 3.2", with_host("", "http://a/"), 400},
      {"9112 3.2", with_host("host: a\r\nhost: a\r\n"), 400},
      {"9112 3.2", with_host("host: a\r\nx: y\r\nHOST: b\r\n"), 400},
      {"9112 3.2", with_host("host:\r\n"), 400},
      {"9112 3.2", with_host("host: a,b\r\n"), 400},
      {"9112 3.2", with_host("host: a b\r\n"), 400},
      {"9112 3.2", with_host("host: u@a\r\n"), 400},
      {"9112 3.2", with_host("host: a/b\r\n"), 400},
      {"9112 3.2", with_host("host: a:65536\r\n"), 400},
      {"9112 3.2", with_host("host: a:80x\r\n"), 400},
      {"9112 3.2", with_host("host: [::1\r\n"), 400},
      {"9112 3.2", with_host("host: a\xc3\r\n"), 400},
      {"9112 3.2", with_host(std::string("host: a\0b\r\n", 11)), 400},
      {"9112 3.2", with_host("host: a?b\r\n"), 400},
      {"9112 3.2", with_host("host: a#b\r\n"), 400},
      {"9112 3.2", with_host("host: http://a\r\n"), 400},
      {"9112 3.2", with_host("host: a:-1\r\n"), 400},
      {"9112 3.2", with_host("host: a:80:80\r\n"), 400},
      {"9112 3.2", with_host("host: [::1]x\r\n"), 400},
      {"9112 3.2", with_host("host: a\r\n b\r\n"), 400},
      {"9112 5.1", with_host("host : a\r\n"), 400},
      {"9112 3.2", with_host("host: bad host\r\n", "http://a/"), 400},
      {"9112 3.2", with_host("host: [::1]:80\r\n"), 0},
      {"9112 3.2", with_host("host:\ta:80 \r\n"), 0},
  });
}

TEST(RequestRules, LineEnds) {
  check({
      {"9112 2.2", "GET / HTTP/1.1\nhost: a\r\n\r\n", 400},
      {"9112 2.2", "GET / HTTP/1.1\rhost: a\r\n\r\n", 400},
      {"9112 2.2", "GET / HTTP/1.1\r\nhost: a\n\r\n", 400},
      {"9112 2.2", "GET / HTTP/1.1\r\nhost: a\r\n\n", 400},
      {"9112 2.2", "GET / HTTP/1.1\r\nhost: a\r\n\rX\n", 400},
      {"9112 2.2", with_field("x: a\rb"), 400},
      {"9112 2.2", with_field("x: a\nb"), 400},
      {"9112 2.2", with_field("x: a\r\r"), 400},
      {"9112 2.2", with_field("x: a\n\ry: b"), 400},
      {"9112 2.2", "\n" + with_line("GET / HTTP/1.1"), 400},
      {"9112 2.2", "\r" + with_line("GET / HTTP/1.1"), 400},
      {"9112 2.2", "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" + with_line("GET / HTTP/1.1"), 0},
      {"9112 2.2", "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" + with_line("GET / HTTP/1.1"), 400},
  });
}

TEST(RequestRules, FieldSyntax) {
  check({
      {"9112 5.1", with_field("x : 1"), 400},
      {"9112 5.1", with_field("x\t: 1"), 400},
      {"9112 5.1", with_field(": 1"), 400},
      {"9112 5.1", with_field("x"), 400},
      {"9112 5.1", with_field("x y: 1"), 400},
      {"9112 5.1", with_field("(x): 1"), 400},
      {"9112 5.1", with_field("x\xc3: 1"), 400},
      {"9112 5.1", with_field(std::string("x\0y: 1", 6)), 400},
      {"9112 2.2", "GET / HTTP/1.1\r\n host: a\r\n\r\n", 400}, // blank before the first field
      {"9112 5.2", with_field("x: 1\r\n 2"), 400},
      {"9112 5.2", with_field("x: 1\r\n\t2"), 400},
      {"9112 5.2", with_field("x: 1\r\n "), 400},
      {"9110 5.5", with_field(std::string("x: a\0b", 6)), 400},
      {"9110 5.5", with_field("x: a\x01"), 400},
      {"9110 5.5", with_field("x: \x7f"), 400},
      {"9110 5.5", with_field("x: a\tb"), 0},
      {"9110 5.5", with_field("x: \x80\xff\xa0"), 0},
      {"9110 5.5", with_field("!#$%&'*+-.^_`|~09azAZ: 1"), 0},
  });
}

TEST(RequestRules, ValuesAreTrimmedAndOpaque) {
  Told told = serve_every_way("GET / HTTP/1.1\r\nHOST: A.b\r\nx-A: \t v w\t \r\nX-a:\xff\r\nE: \r\n\r\n");
  EXPECT_EQ(told.heads[0], "GET|A.b|/|x-a=v w;x-a=\xff;e=;");
}

TEST(RequestRules, ContentLength) {
  check({
      {"9110 8.6", with_field("content-length: 0"), 0},
      {"9110 8.6", with_field("content-length: 000"), 0},
      {"9110 8.6", with_field("content-length: 9223372036854775799"), 0},
      {"9110 8.6", with_field("content-length: 9223372036854775808"), 400},  // 2^63
      {"9110 8.6", with_field("content-length: 18446744073709551621"), 400}, // 2^64 + 5
      {"9110 8.6", with_field("content-length:"), 400},
      {"9110 8.6", with_field("content-length: \"\""), 400},
      {"9110 8.6", with_field("content-length: +5"), 400},
      {"9110 8.6", with_field("content-length: -5"), 400},
      {"9110 8.6", with_field("content-length: 0x5"), 400},
      {"9110 8.6", with_field("content-length: 1_0"), 400},
      {"9110 8.6", with_field("content-length: 5."), 400},
      {"9110 8.6", with_field("content-length: 5e0"), 400},
      {"9110 8.6", with_field("content-length: 5 5"), 400},
      {"9110 8.6", with_field("content-length: \xd9\xa5"), 400}, // a digit elsewhere
      {"9110 8.6", with_field(std::string("content-length: 5\0", 18)), 400},
      {"9112 6.3", with_field("content-length: 5,5"), 400},
      {"9112 6.3", with_field("content-length: 5,6"), 400},
      {"9112 6.3", with_field("content-length: 0\r\ncontent-length: 0"), 400},
      {"9112 6.3", with_field("content-length:\r\ncontent-length: 5"), 400},
      {"9112 6.3", with_field("content-length: 5\r\ncontent-length:"), 400},
  });
}

// 2^32 + 5 is a length of its own, not 5.
TEST(RequestRules, LengthsAreNotNarrowed) {
  Told told =
      serve({"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4294967301\r\n\r\n12345GET / HTTP/1.1\r\nhost: a\r\n\r\n"});
  EXPECT_EQ(told.heads.size(), 1u);
  EXPECT_EQ(told.ends, 0);
}

TEST(RequestRules, TransferEncoding) {
  auto te = [](const std::string& value) { return with_field("transfer-encoding: " + value) + "0\r\n\r\n"; };
  check({
      {"9112 6.1", te("chunked"), 0},
      {"9112 6.1", te("CHUNKED \t"), 0},
      {"9112 6.1", te("gzip, chunked"), 501}, // a coding that we do not decode
      {"9112 6.1", te("x, y\t,chunked"), 501},
      {"9112 6.3", te("xchunked"), 400}, // item 4: not chunked at the end, no length
      {"9112 6.3", te("identity"), 400},
      {"9112 6.3", te("gzip"), 400},
      {"9112 6.3", te("chunked, gzip"), 400},
      {"9112 6.3", te("gzip, xchunked"), 400},
      {"9112 6.1", te("chunked, chunked"), 400}, // at most once
      {"9112 6.1", te("gzip, chunked, chunked"), 400},
      {"9112 6.1", te("gzip;q=1, chunked"), 400},
      {"9110 5.6.1", te("chunked,"), 400},
      {"9110 5.6.1", te(",chunked"), 400},
      {"9110 5.6.1", te("gzip,,chunked"), 400},
      {"9110 5.6.1", te(","), 400},
      {"9112 6.1", te("chunked;q=1"), 400},
      {"9112 6.1", te("\"chunked\""), 400},
      {"9112 6.1", te(""), 400},
      {"9112 6.1",
       te("\x0b"
          "chunked"),
       400},
      {"9112 6.1", te("chunked\x0c"), 400},
      {"9112 6.1", te(std::string("chunked\0", 8)), 400},
      {"9112 6.1",
       te("\xa0"
          "chunked"),
       400},
      {"9112 6.1", te("chunked\xff"), 400},
      {"9112 6.1", te("\r\n chunked"), 400},
      {"9112 6.1", with_field("transfer-encoding : chunked"), 400},
      {"9112 6.1", with_field("transfer-encoding: chunked\r\ntransfer-encoding: chunked"), 400},
      {"9112 6.1", with_field("transfer-encoding: chunked\r\ntransfer-encoding: identity"), 400},
      {"9112 6.3", with_field("transfer-encoding: chunked\r\ncontent-length: 5"), 400},
      {"9112 6.3", with_field("content-length: 5\r\ntransfer-encoding: chunked"), 400},
  });
}

TEST(RequestRules, Expect) {
  auto expecting = [](const std::string& value) { return with_field("content-length: 0\r\nexpect: " + value); };
  check({
      {"9110 10.1.1", expecting("100-continue"), 0},
      {"9110 10.1.1", expecting("100-Continue \t"), 0},
      {"9110 10.1.1", expecting("200-ok"), 417},
      {"9110 10.1.1", expecting("y 100-continue"), 417},
      {"9110 10.1.1", expecting("100-continue, y"), 417},
      {"9110 10.1.1", expecting("100-continue;q=1"), 417},
      {"9110 10.1.1", expecting(""), 417},
      {"9110 10.1.1", expecting("100-continue\r\nexpect: 100-continue"), 417},
      {"9112 5.2", expecting("\r\n 100-continue"), 417}, // folded, so empty
  });
}

// Servers that read "_" as "-" must not see a second framing, routing or trusted field.
TEST(RequestRules, UnderscoreTwins) {
  for (const char* name : {"content_length", "Content_Length", "transfer_encoding", "transfer-Encoding_", "h_st"}) {
    bool twin =
        std::string_view(name).find("ength") != std::string_view::npos || std::string_view(name) == "transfer_encoding";
    EXPECT_EQ(serve_every_way(with_field(std::string(name) + ": 1")).bad, twin ? 400 : 0) << name;
  }
  for (const char* name : {"x_forwarded_for", "x-forwarded_proto", "X_Envoy_Retry_On", "x-envoy_anything",
                           "x_request_id", "proxy_connection", "keep_alive", "http2_settings", "transfer_Encoding"}) {
    EXPECT_EQ(serve_every_way(with_field(std::string(name) + ": 1")).bad, 400) << name;
  }
  for (const char* name : {"x_custom", "_", "user_agent", "accept_encoding"}) {
    EXPECT_EQ(serve_every_way(with_field(std::string(name) + ": 1")).bad, 0) << name;
  }
  EXPECT_EQ(serve_every_way(with_field("x_envoy_" + std::string(100, 'a') + ": 1")).bad, 400);
}

// RFC 9112 6.1: whatever follows a refused head never becomes a request.
TEST(RequestRules, SmuggledTailsAreNotRead) {
  const std::string tail = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
  for (const char* fields :
       {"content-length: 4\r\ntransfer-encoding: chunked\r\n", "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
        "transfer-encoding: xchunked\r\n", "content-length: 5\r\ncontent-length: 0\r\n",
        "content-length: 4\r\nexpect: y 100-continue\r\n",
        "transfer-encoding:\x0b"
        "chunked\r\ncontent-length: 4\r\n",
        "x: y\rtransfer-encoding: chunked\r\n", "content_length: 4\r\n", "x: y\n\ntransfer-encoding: chunked\r\n"}) {
    Told told = serve_every_way(std::string("POST / HTTP/1.1\r\nhost: a\r\n") + fields + "\r\n0\r\n\r\n" + tail);
    EXPECT_NE(told.bad, 0);
    EXPECT_TRUE(told.heads.empty());
  }
}

} // namespace
} // namespace kgw::codec::h1::test
