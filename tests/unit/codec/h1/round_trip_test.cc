// Parse, write, parse: what an origin reads is what we read.

#include "http/forwarding.h"
#include "unit/codec/h1/client_fixture.h"
#include "unit/codec/h1/server_fixture.h"

namespace kgw::codec::h1::test {
namespace {

// The request as the client codec writes it for the origin.
std::string forwarded(std::string text) {
  Arenas arenas;
  auto server = make_server_codec(arenas, {});
  auto client = make_client_codec({});
  base::OutBuffer out;
  std::span<char> in(text);
  Event event;
  bool complete = false;
  while (!complete) {
    switch (server->next(in, event)) {
    case EventKind::kHead:
      EXPECT_TRUE(http::strip_hop_by_hop(*event.head));
      client->write_request(*event.head, {}, event.end, nullptr, out);
      complete = event.end;
      break;
    case EventKind::kData:
      client->write_data(0, event.data, event.end, out);
      complete = event.end;
      break;
    case EventKind::kTrailers:
      client->write_trailers(0, *event.head, out);
      complete = true;
      break;
    case EventKind::kEnd:
      client->write_data(0, {}, true, out);
      complete = true;
      break;
    default: return "refused";
    }
  }
  return std::string(out.view());
}

TEST(RoundTrip, Requests) {
  const std::pair<const char*, const char*> rows[] = {
      {"GET /a HTTP/1.1\r\nAccept: */*\r\nHost: A:80\r\n\r\n", "GET /a HTTP/1.1\r\nhost: A:80\r\naccept: */*\r\n\r\n"},
      {"GET http://b/x HTTP/1.1\r\nHost: A\r\nA:  b \r\n\r\n", "GET /x HTTP/1.1\r\nhost: b\r\na: b\r\n\r\n"},
      {"OPTIONS * HTTP/1.1\r\nHost: A\r\n\r\n", "OPTIONS * HTTP/1.1\r\nhost: A\r\ncontent-length: 0\r\n\r\n"},
      {"POST / HTTP/1.2\r\nHost: A\r\nContent-Length: 003\r\nX: y\r\n\r\nabc",
       "POST / HTTP/1.1\r\nhost: A\r\nx: y\r\ncontent-length: 3\r\n\r\nabc"},
      {"POST / HTTP/1.1\r\nHost: A\r\nTransfer-Encoding: CHUNKED\r\nTrailer: t\r\n\r\n3;x\r\nabc\r\n00\r\nt: 1\r\n\r\n",
       "POST / HTTP/1.1\r\nhost: A\r\ntrailer: t\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nt: 1\r\n\r\n"},
      {"GET / HTTP/1.1\r\nHost: A\r\nConnection: UPGRADE, te\r\nUpgrade: WebSocket\r\nTE: trailers\r\n\r\n",
       "GET / HTTP/1.1\r\nhost: A\r\nconnection: te\r\nte: trailers\r\nconnection: upgrade\r\nupgrade: "
       "WebSocket\r\n\r\n"},
      {"POST / HTTP/1.1\r\nHost: A\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
       "POST / HTTP/1.1\r\nhost: A\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"},
      {"GET / HTTP/1.1\r\nHost: A\r\nUpgrade: websocket\r\n\r\n", "GET / HTTP/1.1\r\nhost: A\r\n\r\n"},
      {"GET / HTTP/1.1\r\nHost: A\r\nConnection: X-Secret, close\r\nX-Secret: 1\r\nUpgrade: h2c\r\nHTTP2-Settings: "
       "x\r\nX: y\r\nTE: trailers\r\n\r\n",
       "GET / HTTP/1.1\r\nhost: A\r\nx: y\r\nconnection: te\r\nte: trailers\r\n\r\n"},
      {"GET / HTTP/1.1\r\nHost: A\r\nB: 1\r\na: 2\r\nB: 3\r\n\r\n",
       "GET / HTTP/1.1\r\nhost: A\r\nb: 1\r\na: 2\r\nb: 3\r\n\r\n"},
  };
  for (auto [received, sent] : rows) {
    EXPECT_EQ(forwarded(received), sent);
    EXPECT_EQ(forwarded(sent), sent) << "what we write we read, and write again the same";
  }
}

TEST(RoundTrip, Responses) {
  for (const char* text :
       {"HTTP/1.1 200 OK\r\nserver: x\r\ncontent-length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nhost: x\r\nexpect: y\r\ncontent-length: 0\r\n\r\n", // mean nothing in a response: RFC
                                                                                // 9110 5.1
        "HTTP/1.1 204 No Content\r\nx: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nset-cookie: a\r\nset-cookie: b\r\ntransfer-encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}) {
    std::string received = text;
    auto client = make_client_codec({});
    Arenas arenas;
    auto server = make_server_codec(arenas, {});
    base::OutBuffer out;
    client->write_request(get(), {}, true, nullptr, out);
    std::string request(out.view());
    std::span<char> in(request);
    Event event;
    server->next(in, event);
    out.clear();
    feed(*client, {received}, [&](EventKind kind, const Event& part) {
      if (kind == EventKind::kHead) server->write_head(0, *part.head, part.end, out);
      if (kind == EventKind::kData) server->write_data(0, part.data, part.end, out);
      if (kind == EventKind::kEnd) server->write_data(0, {}, true, out);
    });
    EXPECT_EQ(out.view(), text);
  }
}

} // namespace
} // namespace kgw::codec::h1::test
