#include "codec/h1/serializer.h"

#include <gtest/gtest.h>

#include <string>

#include "http/forwarding.h"
#include "unit/codec/h1/client_fixture.h"

namespace kgw::codec::h1::test {
namespace {

std::string request_text(const http::Head& head, const http::AttemptHeaders& attempt = {}, bool end = true) {
  base::OutBuffer out;
  write_request_head(head, attempt, outgoing_request(head, end), out);
  return std::string(out.view());
}

std::string response_text(const http::Head& head, ConnectionField connection = ConnectionField::kNone) {
  base::OutBuffer out;
  write_response_head(head, {}, connection, out);
  return std::string(out.view());
}

TEST(Serializer, HostComesFirstAndFromTheAuthority) {
  base::Arena arena;
  http::Head head = get();
  head.authority = "b:81";
  http::add_field(head, arena, "host", "evil");
  http::add_field(head, arena, "x-a", "1");
  EXPECT_EQ(request_text(head), "GET / HTTP/1.1\r\nhost: b:81\r\nx-a: 1\r\n\r\n");
}

// RFC 9110 8.6, RFC 9112 6: framing is written anew, never as received.
TEST(Serializer, FramingAndConnectionFieldsAreItsOwn) {
  base::Arena arena;
  http::Head head = get("POST");
  head.content_length = 10;
  for (const char* name :
       {"content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "proxy-connection"}) {
    http::add_field(head, arena, name, "010");
  }
  EXPECT_EQ(request_text(head, {}, false), "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n");
  head.content_length = -1;
  EXPECT_EQ(request_text(head, {}, false), "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
  EXPECT_EQ(request_text(head), "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
}

// RFC 9112 3.2.3.
TEST(Serializer, ConnectNamesItsAuthority) {
  http::Head head = get("CONNECT");
  head.authority = "b:443";
  head.path = {};
  EXPECT_EQ(request_text(head), "CONNECT b:443 HTTP/1.1\r\nhost: b:443\r\n\r\n");
}

// RFC 9110 10.1.4.
TEST(Serializer, TeIsNamedByConnection) {
  base::Arena arena;
  http::Head head = get();
  http::add_field(head, arena, "te", "trailers");
  EXPECT_EQ(request_text(head), "GET / HTTP/1.1\r\nhost: a\r\nconnection: te\r\nte: trailers\r\n\r\n");
}

TEST(Serializer, AttemptFieldsReplaceTheClients) {
  base::Arena arena;
  http::Head head = get();
  http::add_field(head, arena, "x-envoy-expected-rq-timeout-ms", "1");
  http::add_field(head, arena, "x-envoy-attempt-count", "2");
  http::add_field(head, arena, "x-envoy-is-timeout-retry", "3");
  const std::string start = "GET / HTTP/1.1\r\nhost: a\r\n";
  EXPECT_EQ(request_text(head),
            start +
                "x-envoy-expected-rq-timeout-ms: 1\r\nx-envoy-attempt-count: 2\r\nx-envoy-is-timeout-retry: 3\r\n\r\n");
  EXPECT_EQ(
      request_text(head, {.expected_timeout_ms = 250, .attempt_count = 4, .is_timeout_retry = 0}),
      start +
          "x-envoy-expected-rq-timeout-ms: 250\r\nx-envoy-attempt-count: 4\r\nx-envoy-is-timeout-retry: false\r\n\r\n");
  EXPECT_EQ(
      request_text(head, {.is_timeout_retry = 1}),
      start +
          "x-envoy-expected-rq-timeout-ms: 1\r\nx-envoy-attempt-count: 2\r\nx-envoy-is-timeout-retry: true\r\n\r\n");
}

// RFC 9110 5.5: what could end a line, or a word of the first line, cannot be written.
TEST(Serializer, CannotWriteAnInvalidHead) {
  base::Arena arena;
  http::Head head = get();
  head.path = "/a b\r\nx: y";
  head.authority = std::string_view("h\0st\n", 5);
  http::add_field(head, arena, "x-a", std::string_view("1\r\n2\0\x7f\t", 7));
  EXPECT_EQ(request_text(head), "GET /a_b__x:_y HTTP/1.1\r\nhost: h_st_\r\nx-a: 1  2  \t\r\n\r\n");
}

TEST(Serializer, StatusLineAndConnection) {
  http::Head head;
  head.status = 200;
  EXPECT_EQ(response_text(head), "HTTP/1.1 200 OK\r\n\r\n");
  head.status = 299;
  EXPECT_EQ(response_text(head, ConnectionField::kClose), "HTTP/1.1 299 \r\nconnection: close\r\n\r\n");
  EXPECT_EQ(response_text(head, ConnectionField::kKeepAlive), "HTTP/1.1 299 \r\nconnection: keep-alive\r\n\r\n");
  EXPECT_EQ(response_text(head, ConnectionField::kUpgradeClose),
            "HTTP/1.1 299 \r\nupgrade: HTTP/1.1\r\nconnection: upgrade, close\r\n\r\n");
}

// Lines as received are copied whole; what was removed, added or is written anew is not among them.
TEST(Serializer, RunsOfReceivedLines) {
  std::string text = "HTTP/1.1 200 OK\r\nA: 1\r\nB:2\r\nC: 3 \r\nD: 4\r\nContent-Length: 0\r\nE: 5\r\nF: "
                     "6\r\nConnection: x\r\nG: \r\nH:\r\nI: 9\r\n\r\n";
  auto codec = make_client_codec({});
  base::OutBuffer out;
  codec->write_request(get(), {}, true, nullptr, out);
  std::span<char> in(text);
  Event event;
  ASSERT_EQ(codec->next(in, event), EventKind::kHead);
  event.head->remove("f");
  base::Arena arena;
  http::add_field(*event.head, arena, "j", "10");
  EXPECT_EQ(response_text(*event.head),
            "HTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\ne: 5\r\ng: \r\nh: \r\ni: 9\r\nj: 10\r\n\r\n");
}

} // namespace
} // namespace kgw::codec::h1::test
