#include "unit/codec/h1/client_fixture.h"

namespace kgw::codec::h1::test {
namespace {

bool reusable_after(const std::string& text, const char* method = "GET") {
  bool reusable = false;
  EXPECT_EQ(ask({text}, {}, false, method, &reusable).bad, 0) << text;
  return reusable;
}

TEST(Client, ParsesAResponse) {
  Told told =
      ask_every_way("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 3\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\nabc");
  EXPECT_EQ(told.heads, std::vector<std::string>{"200|server=x;content-length=3;set-cookie=a;set-cookie=b;"});
  EXPECT_EQ(told.body, "abc");
  EXPECT_EQ(told.ends, 1);
}

// RFC 9112 6.3, items 1 and 2.
TEST(Client, ResponsesWithoutBody) {
  EXPECT_EQ(ask_every_way("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", {}, "HEAD").ends, 1);
  EXPECT_EQ(ask_every_way("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", {}, "HEAD").ends, 1);
  EXPECT_EQ(ask_every_way("HTTP/1.1 200 OK\r\n\r\n", {}, "HEAD").ends, 1);
  EXPECT_EQ(ask_every_way("HTTP/1.1 304 X\r\ncontent-length: 5\r\n\r\n").ends, 1);
  EXPECT_EQ(ask_every_way("HTTP/1.1 204 X\r\n\r\n").ends, 1);
  EXPECT_EQ(ask_every_way("HTTP/1.1 204 X\r\ncontent-length: 0\r\n\r\n").ends, 1);
  EXPECT_EQ(ask_every_way("HTTP/1.1 204 X\r\ncontent-length: 5\r\n\r\n").bad, 502);
  EXPECT_EQ(ask_every_way("HTTP/1.1 204 X\r\ntransfer-encoding: chunked\r\n\r\n").bad, 502);
  EXPECT_EQ(ask_every_way("HTTP/1.1 200 X\r\ncontent-length: 0\r\n\r\n").ends, 1);
}

// RFC 9112 6.3, 9.2: bytes behind a response are no response; the connection is spoiled.
TEST(Client, Reusable) {
  EXPECT_TRUE(make_client_codec({})->reusable());
  EXPECT_TRUE(reusable_after("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx"));
  EXPECT_TRUE(reusable_after("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"));
  EXPECT_TRUE(reusable_after("HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 0\r\n\r\n"));
  EXPECT_FALSE(reusable_after("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n"));
  EXPECT_FALSE(reusable_after("HTTP/1.1 200 OK\r\nconnection: x, Close\r\ncontent-length: 0\r\n\r\n"));
  EXPECT_FALSE(reusable_after("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nx"));
  EXPECT_FALSE(reusable_after("HTTP/1.1 200 OK\r\n\r\nx"));
  EXPECT_TRUE(reusable_after("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", "HEAD"));
  bool reusable = true;
  for (auto [text, method] : {std::pair{"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n", "GET"},
                              {"HTTP/1.1 204 X\r\n\r\nbody", "GET"},
                              {"HTTP/1.1 304 X\r\n\r\nbody", "GET"},
                              {"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody", "HEAD"},
                              {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nx", "GET"}}) {
    Told told = ask({text}, {}, false, method, &reusable);
    EXPECT_EQ(told.ends, 1) << text;
    EXPECT_EQ(told.heads.size(), 1u) << text;
    EXPECT_FALSE(reusable) << text;
  }
}

TEST(Client, DataOnAnIdleConnection) {
  auto codec = make_client_codec({});
  std::string text = "HTTP/1.1 408 Request Timeout\r\n\r\n";
  std::span<char> in(text);
  Event event;
  EXPECT_EQ(codec->next(in, event), EventKind::kBad);
  EXPECT_FALSE(codec->reusable());
}

// RFC 9112 9.3: an early answer leaves the request unfinished.
TEST(Client, NotReusableBeforeTheRequestIsComplete) {
  auto codec = make_client_codec({});
  base::OutBuffer out;
  codec->write_request(get("POST"), {}, false, nullptr, out);
  feed(*codec, {"HTTP/1.1 413 X\r\ncontent-length: 0\r\n\r\n"}, [](EventKind, const Event&) {});
  EXPECT_FALSE(codec->reusable());
  codec->write_data(0, {}, true, out);
  EXPECT_TRUE(codec->reusable());
}

// RFC 9112 8: only a close ends a body without length, and a close ends nothing else.
TEST(Client, Closed) {
  auto after = [](const std::string& text) { return ask_every_way(text, {}, "GET", true); };
  EXPECT_EQ(after("HTTP/1.1 200 OK\r\n\r\nabc").ends, 1);
  EXPECT_EQ(after("HTTP/1.1 200 OK\r\n\r\nabc").body, "abc");
  for (const char* text :
       {"H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nx", "HTTP/1.1 100 X\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n"}) {
    EXPECT_EQ(after(text).bad, 502) << text;
    EXPECT_EQ(after(text).ends, 0) << text;
  }
  Event event;
  EXPECT_EQ(make_client_codec({})->closed(event), EventKind::kNeedMore);
}

TEST(Client, ResponseStarted) {
  auto codec = make_client_codec({});
  base::OutBuffer out;
  codec->write_request(get(), {}, true, nullptr, out);
  EXPECT_FALSE(codec->response_started());
  auto nothing = [](EventKind, const Event&) {};
  feed(*codec, {"HTTP/1.1 100 Continue\r\n\r\n"}, nothing);
  EXPECT_FALSE(codec->response_started()); // an interim response is none (RFC 9110 15.2)
  feed(*codec, {"H"}, nothing);
  EXPECT_TRUE(codec->response_started());
}

// RFC 9110 15.2: any number of interim responses, up to our limit; none of them is the answer.
TEST(Client, Interim) {
  Told told = ask_every_way(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 150 X\r\ncontent-length: 0\r\n\r\n"
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx");
  EXPECT_EQ(told.informs, (std::vector<std::string>{"100|", "103|link=x;", "150|content-length=0;"}));
  EXPECT_EQ(told.heads.size(), 1u);
  EXPECT_EQ(ask_every_way("HTTP/1.1 101 X\r\nupgrade: websocket\r\n\r\n").bad, 502);
  EXPECT_EQ(ask_every_way("HTTP/1.1 100 X\r\ncontent-length: 5\r\n\r\n").bad, 502);
  EXPECT_EQ(ask_every_way("HTTP/1.1 100 X\r\ntransfer-encoding: chunked\r\n\r\n").bad, 502);
}

// RFC 9112 9.6: nothing more is sent behind a close, be it in an interim response.
TEST(Client, InterimClose) {
  EXPECT_FALSE(
      reusable_after("HTTP/1.1 103 X\r\nconnection: close\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
}

TEST(Client, ManyRequestsOnOneConnection) {
  auto codec = make_client_codec({});
  base::OutBuffer out;
  for (int i = 0; i < 3; ++i) {
    codec->write_request(get(), {}, true, nullptr, out);
    Told told =
        feed(*codec, {"HTTP/1.1 200 OK\r\nconte", "nt-length: 2\r\n\r\no", "k"}, [](EventKind, const Event&) {});
    EXPECT_EQ(told.body, "ok");
    EXPECT_TRUE(codec->reusable());
  }
}

} // namespace
} // namespace kgw::codec::h1::test
