#include "unit/codec/h1/server_fixture.h"

#include "http/method.h"

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

TEST(Server, FillsTheHead) {
  Arenas arenas;
  auto codec = make_server_codec(arenas, {});
  std::string text = "PATCH /x HTTP/1.1\r\nHost: a\r\nContent-Length: 010\r\nCookie: c\r\nExpect: 100-continue\r\n\r\n";
  std::span<char> in(text);
  Event event;
  ASSERT_EQ(codec->next(in, event), EventKind::kHead);
  EXPECT_FALSE(event.end);
  const http::Head& head = *event.head;
  EXPECT_EQ(head.method_id, http::MethodId::kPatch);
  EXPECT_EQ(head.content_length, 10);
  EXPECT_EQ(head.framing, http::Framing::kLength);
  EXPECT_EQ(head.version, http::Version::kHttp11);
  EXPECT_TRUE(head.has(http::Token::kExpect));
  EXPECT_FALSE(head.has(http::Token::kHost));
  EXPECT_TRUE(head.find("cookie")->flags & http::kNeverLog);
  EXPECT_EQ(arenas.asked, 1);
}

// The head lives in the arena, not in the input.
TEST(Server, RequestHeadsOutliveTheInput) {
  Arenas arenas;
  auto codec = make_server_codec(arenas, {});
  std::string text = "GET /x HTTP/1.1\r\nHost: a\r\nX-Y: z\r\n\r\n";
  std::span<char> in(text);
  Event event;
  codec->next(in, event);
  std::fill(text.begin(), text.end(), '#');
  EXPECT_EQ(head_text(*event.head), "GET|a|/x|x-y=z;");
}

// A connection with its codec: what is written and read in one place.
struct Conversation {
  Arenas arenas;
  std::unique_ptr<ServerCodec> codec;
  base::OutBuffer out;
  Input input;
  Event event;

  explicit Conversation(const HeadLimits& limits = {}) : codec(make_server_codec(arenas, limits)) {}
  EventKind say(std::string_view text = {}) {
    input.add(text);
    return codec->next(input.left(), event);
  }
  void answer(uint16_t status, int64_t length, bool end, std::string_view body = {}) {
    http::Head head;
    head.status = status;
    head.content_length = length;
    codec->write_head(0, head, end, out);
    if (!end) codec->write_data(0, {body.data(), body.size()}, true, out);
  }
  std::string written() {
    std::string text(out.view());
    out.clear();
    return text;
  }
};

const std::string kGet = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

// RFC 9112 9.3.2: responses in the order of requests.
TEST(Server, WaitsForTheResponse) {
  Conversation talk;
  EXPECT_EQ(talk.say(kGet + kGet), EventKind::kHead);
  EXPECT_EQ(talk.say(), EventKind::kNeedMore);
  EXPECT_EQ(talk.input.left().size(), kGet.size());
  http::Head head;
  head.status = 200;
  talk.codec->write_head(0, head, false, talk.out);
  talk.codec->write_data(0, {"x", 1}, false, talk.out);
  EXPECT_EQ(talk.say(), EventKind::kNeedMore);
  talk.codec->write_trailers(0, {}, talk.out);
  EXPECT_EQ(talk.written(), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
  EXPECT_TRUE(talk.codec->reusable());
  EXPECT_EQ(talk.say(), EventKind::kHead);
  EXPECT_EQ(talk.arenas.asked, 2);
}

// RFC 9112 9.6: close, and process nothing more.
TEST(Server, ConnectionClose) {
  Conversation talk;
  EXPECT_EQ(talk.say("GET / HTTP/1.1\r\nhost: a\r\nconnection: x, Close\r\n\r\n" + kGet), EventKind::kHead);
  talk.answer(204, -1, true);
  EXPECT_EQ(talk.written(), "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
  EXPECT_FALSE(talk.codec->reusable());
  EXPECT_EQ(talk.say(), EventKind::kNeedMore);
  EXPECT_EQ(talk.input.left().size(), kGet.size());
}

TEST(Server, CloseAfterResponse) {
  Conversation talk;
  talk.say(kGet);
  talk.codec->close_after_response();
  talk.answer(200, 2, false, "ok");
  EXPECT_EQ(talk.written(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
  EXPECT_FALSE(talk.codec->reusable());
  EXPECT_EQ(talk.say(kGet), EventKind::kNeedMore);
}

// RFC 9931 8: a client that does not wait for the 2xx sends bytes of somebody else, which are not to be read as
// requests.
TEST(Server, RefusedConnectClosesTheConnection) {
  Conversation talk;
  EXPECT_EQ(talk.say("CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n" + kGet), EventKind::kHead);
  talk.answer(403, 0, true);
  EXPECT_EQ(talk.written(), "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  EXPECT_FALSE(talk.codec->reusable());
  EXPECT_EQ(talk.say(), EventKind::kNeedMore);
  EXPECT_EQ(talk.input.left().size(), kGet.size());
}

// RFC 9112 9.3: without the rest of the request the connection carries nothing more.
TEST(Server, EarlyAnswerIsNotReusable) {
  Conversation talk;
  EXPECT_EQ(talk.say("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab"), EventKind::kHead);
  talk.answer(413, 0, true);
  EXPECT_FALSE(talk.codec->reusable());
  EXPECT_EQ(talk.say(), EventKind::kData);
  EXPECT_EQ(talk.say("cde" + kGet), EventKind::kData);
  EXPECT_TRUE(talk.event.end);
  EXPECT_TRUE(talk.codec->reusable());
  EXPECT_EQ(talk.say(), EventKind::kHead);
}

// The exchange that owned the arena is over with the response: trailers have no place to go.
TEST(Server, TrailersBehindTheResponseAreDropped) {
  for (bool begun : {false, true}) {
    Conversation talk;
    talk.say("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    std::string section = "0\r\nt: 1\r\nu: 2\r\n\r\n";
    if (begun) {
      EXPECT_EQ(talk.say(section.substr(0, 11)), EventKind::kNeedMore);
    }
    talk.answer(200, 0, true);
    EXPECT_EQ(talk.say(begun ? section.substr(11) : section), EventKind::kEnd);
  }
}

TEST(Server, HeadRequestsGetNoBody) {
  Conversation talk;
  talk.say("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n");
  talk.answer(200, 5, false, "hello");
  EXPECT_EQ(talk.written(), "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
  EXPECT_TRUE(talk.codec->reusable());
  talk.say("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n");
  talk.answer(200, -1, true);
  EXPECT_EQ(talk.written(), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  talk.say(kGet);
  talk.answer(304, 7, true);
  EXPECT_EQ(talk.written(), "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n");
}

TEST(Server, BrokenLengthEndsTheConnection) {
  Conversation talk;
  talk.say(kGet);
  talk.answer(200, 5, false, "abc");
  EXPECT_FALSE(talk.codec->reusable());
}

TEST(Server, Interim) {
  Conversation talk;
  talk.say(kGet);
  http::Head head;
  head.status = 100;
  talk.codec->write_inform(0, head, talk.out);
  EXPECT_EQ(talk.written(), "HTTP/1.1 100 Continue\r\n\r\n");
}

// RFC 9112 9.3, 6.1, RFC 9110 15.2.
TEST(Server, Http10Clients) {
  HeadLimits limits{.accept_http_1_0 = true};
  Conversation talk(limits);
  talk.say("GET / HTTP/1.0\r\nconnection: Keep-Alive\r\n\r\n");
  http::Head interim;
  interim.status = 103;
  talk.codec->write_inform(0, interim, talk.out);
  talk.answer(200, 2, false, "ok");
  EXPECT_EQ(talk.written(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok");
  EXPECT_TRUE(talk.codec->reusable());
  talk.say("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
  talk.answer(200, -1, false, "ok");
  EXPECT_EQ(talk.written(), "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok");
  EXPECT_FALSE(talk.codec->reusable());
  Conversation other(limits);
  other.say("GET / HTTP/1.0\r\n\r\n");
  other.answer(204, -1, true);
  EXPECT_FALSE(other.codec->reusable());
}

// What cannot be parsed is answered all the same, with a body the client reads.
TEST(Server, AnswersToBadRequests) {
  Conversation talk;
  talk.say("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n");
  talk.answer(204, -1, true);
  talk.written();
  EXPECT_EQ(talk.say("GET / HTTP/1.0\r\n\r\n"), EventKind::kBad);
  EXPECT_EQ(talk.event.status, 426);
  talk.answer(426, 2, false, "no");
  // RFC 9110 15.5.22: 426 names the protocol.
  EXPECT_EQ(talk.written(), "HTTP/1.1 426 Upgrade Required\r\ncontent-length: 2\r\nupgrade: HTTP/1.1\r\nconnection: "
                            "upgrade, close\r\n\r\nno");
  EXPECT_EQ(talk.say(kGet), EventKind::kBad);
  EXPECT_FALSE(talk.codec->reusable());

  Conversation head;
  EXPECT_EQ(head.say("HEAD / HTTP/1.1\r\nhost: a\r\nx : y\r\n\r\n"), EventKind::kBad);
  head.answer(400, 2, false, "no");
  EXPECT_EQ(head.written(), "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\nconnection: close\r\n\r\n");
}

// A request that never came to its end, a 408: nothing further is read.
TEST(Server, AnswersBeforeTheRequestIsThere) {
  Conversation talk;
  EXPECT_EQ(talk.say("GET / HT"), EventKind::kNeedMore);
  EXPECT_EQ(talk.arenas.asked, 1);
  talk.codec->close_after_response();
  talk.answer(408, 0, true);
  EXPECT_EQ(talk.written(), "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(talk.say("TP/1.1\r\nhost: a\r\n\r\n"), EventKind::kNeedMore);
}

TEST(Server, NoArenaBeforeTheFirstByte) {
  Conversation talk;
  EXPECT_EQ(talk.say(), EventKind::kNeedMore);
  EXPECT_EQ(talk.say("\r\n"), EventKind::kNeedMore);
  EXPECT_EQ(talk.arenas.asked, 0);
  EXPECT_EQ(talk.say("G"), EventKind::kNeedMore);
  EXPECT_EQ(talk.say("E"), EventKind::kNeedMore);
  EXPECT_EQ(talk.arenas.asked, 1);
}

} // namespace
} // namespace kgw::codec::h1::test
