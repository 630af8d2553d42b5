// What an origin may not send, one row each with its clause. Every row is fed whole, byte by byte and cut at each
// position. To the client each of them is a 502.

#include "unit/codec/h1/client_fixture.h"

namespace kgw::codec::h1::test {
namespace {

struct Row {
  const char* clause;
  std::string text;
  bool good;
};

std::string with_line(const std::string& line) { return line + "\r\ncontent-length: 0\r\n\r\n"; }
std::string with_field(const std::string& field) {
  return "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" + field + "\r\n\r\n";
}
std::string with_framing(const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n\r\n"; }

void check(const std::vector<Row>& rows, const char* method = "GET") {
  for (const Row& row : rows) {
    Told told = ask_every_way(row.text, {}, method);
    EXPECT_EQ(told.bad, row.good ? 0 : 502) << row.clause << ": " << row.text << " " << told.reason;
    EXPECT_EQ(told.heads.size(), row.good ? 1u : 0u) << row.clause << ": " << row.text;
    EXPECT_EQ(told.ends, row.good ? 1 : 0) << row.clause << ": " << row.text;
  }
}

TEST(ResponseRules, StatusLine) {
  check({
      {"9112 4", with_line("HTTP/1.1 200 OK"), true},
      {"9112 4", with_line("HTTP/1.1 200 "), true},
      {"9112 4", with_line("HTTP/1.1 200"), true}, // many servers forget the blank
      {"9112 4", with_line("HTTP/1.1 999 \xff \t"), true},
      {"9112 2.3", with_line("HTTP/1.0 200 OK"), true},
      {"9110 6.2", with_line("HTTP/1.2 200 OK"), true},
      {"9112 2.3", with_line("HTTP/2.0 200 OK"), false},
      {"9112 2.3", with_line("http/1.1 200 OK"), false},
      {"9112 2.3", with_line("HTTP/1.10 200 OK"), false},
      {"9112 2.3", with_line("ICY 200 OK"), false},
      {"9112 4", with_line("HTTP/1.1  200 OK"), false},
      {"9112 4", with_line("HTTP/1.1\t200 OK"), false},
      {"9112 4", with_line(" HTTP/1.1 200 OK"), false},
      {"9112 4", with_line("HTTP/1.1 20 OK"), false},
      {"9112 4", with_line("HTTP/1.1 2000 OK"), false},
      {"9110 15", with_line("HTTP/1.1 099 OK"), false},
      {"9110 15", with_line("HTTP/1.1 000 OK"), false},
      {"9112 4", with_line("HTTP/1.1 2x0 OK"), false},
      {"9112 4", with_line("HTTP/1.1 +20 OK"), false},
      {"9112 4", with_line("HTTP/1.1 200\tOK"), false},
      {"9112 4", with_line("HTTP/1.1 200 O\rK"), false},
      {"9112 4", with_line("HTTP/1.1 200 O\nK"), false},
      {"9112 4", with_line("HTTP/1.1 200 O\x01K"), false},
      {"9112 4", with_line(std::string("HTTP/1.1 200 O\0K", 16)), false},
      {"9112 4", with_line("HTTP/1.1"), false},
      {"9112 4", with_line(""), false},
      {"9112 2.2", "\r\n" + with_line("HTTP/1.1 200 OK"), false}, // before requests only
      {"9112 4", "<html>\r\n\r\n", false},
  });
}

TEST(ResponseRules, LineEnds) {
  check({
      {"9112 2.2", "HTTP/1.1 204 X\nx: y\r\n\r\n", false},
      {"9112 2.2", "HTTP/1.1 204 X\r\nx: y\n\r\n", false},
      {"9112 2.2", "HTTP/1.1 204 X\r\nx: y\r\n\n", false},
      {"9112 2.2", "HTTP/1.1 204 X\r\nx: y\r\n\rX\n", false},
      {"9112 2.2", with_field("x: a\rset-cookie: b"), false},
      {"9112 2.2", with_field("x: a\nset-cookie: b"), false},
  });
}

TEST(ResponseRules, FieldSyntax) {
  check({
      {"9112 5.1", with_field("x : 1"), false}, // to be stripped or refused
      {"9112 5.1", with_field("x\t: 1"), false},
      {"9112 5.1", with_field(": 1"), false},
      {"9112 5.1", with_field("x"), false},
      {"9112 5.1", with_field("x y: 1"), false},
      {"9112 5.1", with_field("x\xc3: 1"), false},
      {"9112 2.2", "HTTP/1.1 204 X\r\n x: y\r\n\r\n", false},
      {"9112 5.2", with_field("x: 1\r\n 2"), false},
      {"9112 5.2", with_field("x: 1\r\n\t"), false},
      {"9110 5.5", with_field(std::string("x: a\0b", 6)), false},
      {"9110 5.5", with_field("x: a\x01"), false},
      {"9110 5.5", with_field("x: \x7f"), false},
      {"9110 5.5", with_field("x: a\tb\x80\xff"), true},
      {"9110 5.1", with_field("host: x\r\nx_forwarded_for: y\r\nexpect: z"), true}, // mean nothing here
  });
}

TEST(ResponseRules, ContentLength) {
  check({
      {"9110 8.6", with_framing("content-length: 0"), true},
      {"9110 8.6", with_framing("content-length: 000"), true},
      {"9110 8.6", with_framing("content-length:"), false},
      {"9110 8.6", with_framing("content-length: +0"), false},
      {"9110 8.6", with_framing("content-length: -0"), false},
      {"9110 8.6", with_framing("content-length: 0x0"), false},
      {"9110 8.6", with_framing("content-length: 0.0"), false},
      {"9110 8.6", with_framing("content-length: 9223372036854775808"), false},
      {"9110 8.6", with_framing("content-length: 18446744073709551616"), false},
      {"9112 6.3", with_framing("content-length: 0, 0"), false},
      {"9112 6.3", with_framing("content-length: 0\r\ncontent-length: 0"), false},
      {"9112 6.3", with_framing("content-length: 0\r\ncontent-length: 1"), false},
  });
}

TEST(ResponseRules, TransferEncoding) {
  auto te = [](const std::string& value) { return with_framing("transfer-encoding: " + value) + "0\r\n\r\n"; };
  check({
      {"9112 6.1", te("chunked"), true},
      {"9112 6.1", te("Chunked\t"), true},
      {"9112 6.1", te("gzip, chunked"), false},
      {"9112 6.1", te("chunked, chunked"), false},
      {"9112 6.1", te("chunked\r\ntransfer-encoding: chunked"), false},
      {"9112 6.3", te("gzip"), false}, // item 4 reads it until close; we cannot forward it
      {"9112 6.3", te("identity"), false},
      {"9112 6.3", te("xchunked"), false},
      {"9112 6.3",
       te("\x0b"
          "chunked"),
       false},
      {"9112 6.3", te("chunked\r\ncontent-length: 5"), false}, // item 3
      {"9112 6.3", with_framing("content-length: 5\r\ntransfer-encoding: chunked") + "0\r\n\r\n", false},
      {"9112 6.1", "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", false},
      {"9112 6.1", "HTTP/1.1 204 X\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", false},
      {"9112 6.1", "HTTP/1.1 103 X\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", false},
      {"9110 8.6", "HTTP/1.1 204 X\r\ncontent-length: 1\r\n\r\nx", false},
      {"9110 8.6", "HTTP/1.1 100 X\r\ncontent-length: 1\r\n\r\nx", false},
      {"9110 7.8", "HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n", false},
  });
  check({{"9112 6.3", te("chunked\r\ncontent-length: 5"), false}}, "HEAD");
}

// RFC 9112 6.3, 9.2: a second answer behind the first, or a body where none may be, is never a response to anybody.
TEST(ResponseRules, NothingIsReadBehindAResponse) {
  const std::string poison = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison";
  for (const auto& [text, method] : {std::pair{with_line("HTTP/1.1 200 OK"), "GET"},
                                     {std::string("HTTP/1.1 204 X\r\n\r\n"), "GET"},
                                     {std::string("HTTP/1.1 304 X\r\ncontent-length: 45\r\n\r\n"), "GET"},
                                     {std::string("HTTP/1.1 200 X\r\ncontent-length: 45\r\n\r\n"), "HEAD"},
                                     {with_framing("transfer-encoding: chunked") + "0\r\n\r\n", "GET"}}) {
    Told told = ask_every_way(text + poison, {}, method);
    EXPECT_EQ(told.heads.size(), 1u) << text;
    EXPECT_EQ(told.body, "") << text;
    EXPECT_EQ(told.bad, 502) << text;
  }
}

} // namespace
} // namespace kgw::codec::h1::test
