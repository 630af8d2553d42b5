// Messages through both of our codecs: what goes in on one side comes out on the other, however the bytes are cut.

#include "unit/codec/h2/pair.h"

namespace kgw::codec::h2::test {
namespace {

// Runs it with whole reads and with 60 ways to cut.
template <typename Run> void every_way(Run run) {
  for (uint64_t seed = 0; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    run(seed);
  }
}

TEST(Http2, ARequestWithoutBodyAndItsAnswer) {
  every_way([](uint64_t seed) {
    Pair pair(seed);
    base::Arena arena;
    http::Head head = pair.request("GET", "/a?b");
    http::add_field(head, arena, "x-a", "1");
    http::add_field(head, arena, http::Token::kTe, "trailers");
    http::add_field(head, arena, http::Token::kConnection, "close");
    StreamId id = pair.ask(head, true);
    pair.settle();
    EXPECT_EQ(pair.served[id].head, "GET a.example /a?b; x-a=1; te=trailers") << "nothing of the connection goes along";
    EXPECT_EQ(pair.served[id].end, "end");
    http::Head answer{.status = 204};
    http::add_field(answer, arena, "x-b", "2");
    pair.server->write_head(id, answer, true, pair.down);
    pair.settle();
    EXPECT_EQ(pair.asked[0]->head, "204; x-b=2");
    EXPECT_EQ(pair.asked[0]->end, "end");
    pair.server->bind(id, nullptr);
    pair.client->bind(id, nullptr);
    EXPECT_TRUE(pair.server->idle());
    EXPECT_TRUE(pair.client->idle());
  });
}

TEST(Http2, BodiesAndTrailersBothWaysAndInterimHeads) {
  every_way([](uint64_t seed) {
    Pair pair(seed);
    base::Arena arena;
    StreamId id = pair.ask(pair.request("POST"), false);
    std::string body(70000, 'x');
    pair.client->write_data(id, bytes_of(body), false, pair.up);
    http::Head trailers;
    http::add_field(trailers, arena, "x-sum", "7");
    pair.client->write_trailers(id, trailers, pair.up);
    pair.settle();
    EXPECT_EQ(pair.served[id].body, body);
    EXPECT_EQ(pair.served[id].trailers, "  ; x-sum=7");
    pair.server->write_inform(id, {.status = 103}, pair.down);
    pair.server->write_head(id, {.status = 200}, false, pair.down);
    pair.server->write_data(id, bytes_of("ab"), false, pair.down);
    pair.server->write_data(id, bytes_of("cd"), false, pair.down);
    pair.server->write_trailers(id, trailers, pair.down);
    pair.settle();
    EXPECT_EQ(pair.asked[0]->informs, "103|");
    EXPECT_EQ(pair.asked[0]->head, "200");
    EXPECT_EQ(pair.asked[0]->body, "abcd");
    EXPECT_EQ(pair.asked[0]->end, "end");
  });
}

TEST(Http2, ABodyThatTurnsOutEmptyIsABody) {
  Pair pair;
  http::Head head = pair.request("PUT");
  head.framing = http::Framing::kChunked;
  StreamId id = pair.ask(head, true);
  EXPECT_EQ(pair.client->queued(id), 0u);
  pair.settle();
  EXPECT_EQ(pair.served[id].end, "end");
  EXPECT_EQ(pair.served[id].head, "PUT a.example /");
}

// RFC 9113 5.1.1: a connection whose ids come to their end takes no more while there are enough for what it carries.
TEST(Http2, ThereIsNoRoomBeforeIdsRunOut) {
  constexpr uint32_t kLeft = 5; // as if all but these were used up
  Pair pair(0, {}, {.concurrent_streams = (1u << 30) - kLeft});
  for (uint32_t i = 0; i < kLeft; ++i) {
    ASSERT_GT(pair.client->capacity(), 0u) << i;
    pair.ask(pair.request("GET"), true);
  }
  EXPECT_EQ(pair.client->capacity(), 0u);
  EXPECT_TRUE(pair.client->reusable()) << "what it carries comes to its end";
}

TEST(Http2, ManyStreamsAtOnce) {
  every_way([](uint64_t seed) {
    Pair pair(seed);
    std::vector<StreamId> ids;
    for (int i = 0; i < 50; ++i) ids.push_back(pair.ask(pair.request("GET", "/x"), true));
    pair.settle();
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
      pair.server->write_head(*id, {.status = 200}, false, pair.down);
      pair.server->write_data(*id, bytes_of(std::to_string(*id)), true, pair.down);
    }
    pair.settle();
    for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(pair.asked[i]->body, std::to_string(ids[i]));
  });
}

TEST(Http2, AHeldStreamStopsItsPeerAtTheWindowAndNoOther) {
  Pair pair(0, {}, {.stream_window_bytes = 65535});
  StreamId slow = pair.ask(pair.request("GET"), true), other = pair.ask(pair.request("GET"), true);
  pair.settle();
  pair.client->hold(slow, true);
  std::string body(200000, 'y');
  for (StreamId id : {slow, other}) {
    pair.server->write_head(id, {.status = 200}, false, pair.down);
    pair.server->write_data(id, bytes_of(body), true, pair.down);
  }
  pair.settle();
  EXPECT_EQ(pair.asked[0]->body.size(), 65535u);
  EXPECT_EQ(pair.server->queued(slow), 200000u - 65535u);
  EXPECT_EQ(pair.asked[1]->body.size(), 200000u);
  pair.client->hold(slow, false);
  pair.settle();
  pair.client->hold(slow, true);
  EXPECT_EQ(pair.asked[0]->body.size(), 200000u);
  EXPECT_EQ(pair.asked[0]->end, "end");
}

TEST(Http2, ResetsAreToldWithTheirReason) {
  Pair pair;
  StreamId one = pair.ask(pair.request("GET"), true), two = pair.ask(pair.request("GET"), true),
           three = pair.ask(pair.request("GET"), true);
  pair.settle();
  pair.server->reset(one, Reset::kRefused, pair.down);
  pair.server->reset(two, Reset::kInternal, pair.down);
  pair.client->reset(three, Reset::kCancel, pair.up);
  pair.settle();
  EXPECT_EQ(pair.asked[0]->end, "reset " + std::to_string(static_cast<int>(Reset::kRefused)));
  EXPECT_EQ(pair.asked[1]->end, "reset " + std::to_string(static_cast<int>(Reset::kInternal)));
  EXPECT_EQ(pair.served[three].end, "reset " + std::to_string(static_cast<int>(Reset::kCancel)));
}

// RFC 9113 6.8.
TEST(Http2, AStreamBehindTheLastOneOfAGoawayIsRefused) {
  Pair pair;
  StreamId one = pair.ask(pair.request("GET"), true);
  pair.settle();
  pair.server->end();
  pair.ask(pair.request("GET"), true); // crosses the GOAWAY
  pair.settle();
  EXPECT_EQ(pair.asked[1]->end, "reset " + std::to_string(static_cast<int>(Reset::kRefused)));
  EXPECT_FALSE(pair.client->reusable());
  EXPECT_EQ(pair.client->capacity(), 0u);
  pair.server->write_head(one, {.status = 200}, true, pair.down);
  pair.settle();
  EXPECT_EQ(pair.asked[0]->end, "end") << "what was accepted is served";
}

TEST(Http2, ADrainRefusesNothingThatCrossesItsFirstGoaway) {
  Pair pair;
  StreamId one = pair.ask(pair.request("GET"), true);
  pair.settle();
  pair.server->write_head(one, {.status = 200}, true, pair.down);
  pair.server->bind(one, nullptr);
  EXPECT_TRUE(pair.server->close_after_response());
  StreamId two = pair.ask(pair.request("GET"), true); // crosses the first GOAWAY
  pair.settle();
  EXPECT_EQ(pair.served[two].end, "end");
  EXPECT_EQ(pair.ended, "") << "not before it is answered";
  pair.server->write_head(two, {.status = 200}, true, pair.down);
  pair.server->bind(two, nullptr);
  pair.settle();
  EXPECT_EQ(pair.asked[1]->end, "end");
  EXPECT_EQ(pair.ended, "over");
  EXPECT_FALSE(pair.client->reusable());
}

TEST(Http2, HeadsOverALimitAreRefusedAndTheConnectionGoesOn) {
  every_way([](uint64_t seed) {
    Pair pair(seed, {.head_bytes = 2000, .field_count = 10});
    base::Arena arena;
    http::Head many = pair.request("GET"), large = pair.request("GET");
    for (int i = 0; i < 11; ++i) http::add_field(many, arena, "x-a", "1");
    http::add_field(large, arena, "x-large", arena.copy(std::string(2000, 'l')));
    StreamId first = pair.ask(many, true), second = pair.ask(large, true), third = pair.ask(pair.request("GET"), true);
    pair.settle();
    EXPECT_EQ(pair.served[first].end, "refused 431 http2.too_many_headers");
    EXPECT_EQ(pair.served[second].end, "refused 431 http2.headers_too_large");
    EXPECT_EQ(pair.served[third].end, "end");
  });
}

// RFC 9113 8.2.3.
// RFC 9113 8.5, RFC 8441: above the codec both look as in HTTP/1.
TEST(Http2, ATunnelOpensCarriesBytesAndEnds) {
  for (bool upgrade : {false, true}) {
    every_way([upgrade](uint64_t seed) {
      Pair pair(seed, {}, {.extended_connect = true});
      http::Head head = upgrade ? pair.request("GET", "/chat") : pair.request("CONNECT", "");
      if (upgrade) head.upgrade = "websocket";
      head.authority = "a.example:80";
      StreamId id = pair.ask(head, true);
      pair.settle();
      EXPECT_EQ(pair.served[id].head, upgrade ? "GET a.example:80 /chat" : "CONNECT a.example:80 ");
      EXPECT_EQ(pair.served[id].end, "end") << "the request, not the tunnel";
      pair.served[id].end.clear();
      pair.server->write_head(id, {.status = static_cast<uint16_t>(upgrade ? 101 : 200)}, false, pair.down);
      pair.server->write_data(id, bytes_of("hello"), false, pair.down);
      pair.client->write_data(id, bytes_of("you"), false, pair.up);
      pair.settle();
      EXPECT_EQ(pair.asked[0]->head, upgrade ? "101" : "200");
      EXPECT_EQ(pair.asked[0]->body, "hello");
      EXPECT_EQ(pair.served[id].body, "you");
      EXPECT_EQ(pair.served[id].end + pair.asked[0]->end, "");
      pair.client->write_data(id, {}, true, pair.up);
      pair.settle();
      EXPECT_EQ(pair.served[id].end, "end");
      pair.server->write_data(id, {}, true, pair.down);
      pair.settle();
      EXPECT_EQ(pair.asked[0]->end, "end");
    });
  }
}

TEST(Http2, ARefusedTunnelIsACompleteRequest) {
  every_way([](uint64_t seed) {
    Pair pair(seed, {}, {.extended_connect = true});
    http::Head head = pair.request("GET", "/chat");
    head.upgrade = "websocket";
    StreamId id = pair.ask(head, true);
    pair.settle();
    pair.served[id].end.clear();
    pair.server->write_head(id, {.status = 404}, true, pair.down);
    pair.settle();
    EXPECT_EQ(pair.asked[0]->head + " " + pair.asked[0]->end, "404 end");
    EXPECT_EQ(pair.served[id].end, "end") << "the client's side has ended too";
    pair.server->bind(id, nullptr);
    pair.client->bind(id, nullptr);
    EXPECT_TRUE(pair.server->idle() && pair.client->idle());
  });
}

// RFC 8441 3: not even before the settings are here, and other requests wait with it.
TEST(Http2, AnUpgradeIsNotSentToAServerThatDoesNotKnowIt) {
  Pair pair;
  http::Head head = pair.request("GET", "/chat");
  head.upgrade = "websocket";
  StreamId first = pair.ask(head, true), other = pair.ask(pair.request("GET"), true);
  pair.settle();
  EXPECT_EQ(pair.asked[0]->end, "reset 5");
  StreamId late = pair.ask(head, true);
  EXPECT_TRUE(pair.client->has_events());
  pair.settle();
  EXPECT_EQ(pair.asked[2]->end, "reset 5");
  EXPECT_EQ(pair.served.count(first) + pair.served.count(late), 0u);
  EXPECT_EQ(pair.served[other].end, "end");
}

TEST(Http2, CookieCrumbsAreOneField) {
  Pair pair;
  base::Arena arena;
  http::Head head = pair.request("GET");
  for (const char* crumb : {"a=1", "b=2", "c=3"}) http::add_field(head, arena, http::Token::kCookie, crumb);
  StreamId id = pair.ask(head, true);
  pair.settle();
  EXPECT_EQ(pair.served[id].head, "GET a.example /; cookie=a=1; b=2; c=3");
}

TEST(Http2, WhatAnHttp1HeadCouldNotCarryIsRefused) {
  struct Case {
    const char *authority, *path, *name, *value, *reason;
  };
  const Case cases[] = {
      {"a b", "/", nullptr, nullptr, "reset"},
      {"u@a.example", "/", nullptr, nullptr, "refused 400 http2.invalid_authority"},
      {"a.example", "x", nullptr, nullptr, "reset"},
      {"a.example", "*", nullptr, nullptr, "reset"},
      {"a.example", "/a#b", nullptr, nullptr, "refused 400 http2.invalid_path"},
      {"a.example", "/", "content_length", "5", "refused 400 http2.header_name_with_underscore"},
      {"a.example", "/", "expect", "something", "refused 417 http2.unknown_expectation"},
  };
  for (const Case& c : cases) {
    Pair pair;
    base::Arena arena;
    http::Head head = pair.request("GET", c.path);
    head.authority = c.authority;
    StreamId id = 1;
    if (c.name != nullptr) http::add_field(head, arena, c.name, c.value);
    id = pair.ask(head, true);
    pair.settle();
    std::string told = pair.served[id].end.empty() ? pair.asked[0]->end : pair.served[id].end;
    EXPECT_TRUE(told.starts_with(c.reason))
        << told << " of " << c.path << ' ' << c.authority << ' ' << (c.name == nullptr ? "" : c.name);
  }
}

} // namespace
} // namespace kgw::codec::h2::test
