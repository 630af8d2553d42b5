// HTTP/2 on either side of a whole worker: who hears what when streams and connections end, and when.
#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "worker/harness.h"

namespace kgw::test {
namespace {

using base::from_ms;
using base::seconds;
using proxy::ListenerStats;

exchange::Ledger last_ledger(const Harness& h) { return h.worker->records(1).at(0).ledger; }

std::string pattern(size_t bytes) {
  std::string text(bytes, 'a');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

H2Fields post(std::string_view path) {
  return {{":method", "POST"}, {":scheme", "http"}, {":authority", "test"}, {":path", std::string(path)}};
}

// An origin that answers nothing by itself: every request waits here, in the order of arrival.
struct Held : Harness {
  struct Request {
    H2Peer* peer;
    H2Stream* stream;
    std::string path() const { return value_of(stream->head, ":path"); }
    void answer() const { peer->answer(*stream, 200, path()); }
  };
  std::vector<Request> requests;

  explicit Held(std::string_view trusted = {}) : Harness(1, trusted) {
    http2 = true;
    h2_origin = [this](H2Peer& peer, H2Stream& stream) {
      if (stream.ended) requests.push_back({&peer, &stream});
    };
  }
  ~Held() { expect_no_violation(); }
  void expect_no_violation() {
    for (auto* side : {&h2_clients, &h2_origins}) {
      for (auto& peer : *side) EXPECT_EQ(peer->violation, "");
    }
  }
};

// ---- whole messages ------------------------------------------------------------------------------------------------

// What a client sent and got, or an origin got.
struct Whole {
  std::string body, trailer;
};

Whole ask_h1(Harness& h, const std::string& body) {
  Peer& client = h.connect_client();
  client.send(fmt::format("POST /a HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n"
                          "x-up: 1\r\n\r\n",
                          body.size(), body));
  h.settle();
  Reply answer = parse_reply(client.received);
  EXPECT_EQ(answer.status, 200) << client.received.substr(0, 300);
  EXPECT_TRUE(answer.complete);
  return {answer.body, answer.trailers};
}

Whole ask_h2(Harness& h, const std::string& body) {
  H2Peer& client = h.connect_h2_client();
  H2Stream& stream = client.ask(post("/a"), false);
  client.send(stream, body, false);
  client.send_trailers(stream, {{"x-up", "1"}});
  h.settle();
  EXPECT_EQ(stream.status(), 200);
  EXPECT_TRUE(stream.ended);
  EXPECT_EQ(client.violation, "");
  return {stream.body, stream.trailers.empty() ? "" : "\r\nx-down: " + value_of(stream.trailers, "x-down") + "\r\n"};
}

TEST(H2, EveryCombinationPassesBodiesAndTrailersBothWays) {
  const std::string up = pattern(300'000), down = pattern(400'000);
  for (bool h2_client : {false, true}) {
    for (bool h2_origin : {false, true}) {
      Harness h;
      h.http2 = h2_origin;
      h.listener.keep_h1_trailers = 1;
      std::string got, trailer;
      h.whole_origin = [&](Peer& peer, const Request& request) {
        if (!request.complete) return;
        got = request.body;
        trailer = request.trailers;
        peer.send(fmt::format("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n"
                              "x-down: 2\r\n\r\n",
                              down.size(), down));
      };
      h.h2_origin = [&](H2Peer& peer, H2Stream& stream) {
        if (!stream.ended) return;
        got = stream.body;
        trailer = "\r\nx-up: " + value_of(stream.trailers, "x-up") + "\r\n";
        peer.answer(stream, 200, {}, false);
        peer.send(stream, down, false);
        peer.send_trailers(stream, {{"x-down", "2"}});
      };
      h.start();
      Whole answer = h2_client ? ask_h2(h, up) : ask_h1(h, up);
      EXPECT_TRUE(got == up) << h2_client << h2_origin << ": " << got.size();
      EXPECT_EQ(trailer, "\r\nx-up: 1\r\n") << h2_client << h2_origin;
      EXPECT_TRUE(answer.body == down) << h2_client << h2_origin << ": " << answer.body.size();
      EXPECT_EQ(answer.trailer, "\r\nx-down: 2\r\n") << h2_client << h2_origin;
      EXPECT_EQ(h.h2_origins.size(), h2_origin ? 1u : 0u);
      EXPECT_EQ(h.at_rest(), "");
    }
  }
}

TEST(H2, AnswersComeInTheOrderOfTheOriginEachToItsRequest) {
  Held h;
  h.start();
  H2Peer& client = h.connect_h2_client();
  std::vector<std::string> order;
  client.on_message = [&](H2Peer&, H2Stream& stream) {
    if (stream.ended) order.push_back(stream.body);
  };
  for (int i = 0; i < 5; ++i) client.get(fmt::format("/{}", i));
  h.settle();
  ASSERT_EQ(h.requests.size(), 5u);
  EXPECT_EQ(h.h2_origins.size(), 1u) << "one connection carries all";
  for (size_t i : {3, 0, 4, 1, 2}) {
    h.requests[i].answer();
    h.settle();
  }
  EXPECT_EQ(order, (std::vector<std::string>{"/3", "/0", "/4", "/1", "/2"}));
  for (auto& [id, stream] : client.streams) EXPECT_EQ(stream->body, fmt::format("/{}", id / 2));
  EXPECT_EQ(h.at_rest(), "");
}

// ---- the client leaves ---------------------------------------------------------------------------------------------

TEST(H2, AResetOfTheClientCancelsItsAttemptAlone) {
  for (uint32_t code : {NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM}) {
    Held h;
    h.start();
    H2Peer& client = h.connect_h2_client();
    H2Stream& first = client.get("/first");
    H2Stream& second = client.get("/second");
    h.settle();
    client.reset(first, code);
    h.settle();
    EXPECT_EQ(h.requests.at(0).stream->reset, uint32_t{NGHTTP2_CANCEL}) << code;
    EXPECT_EQ(h.requests.at(1).stream->reset, std::nullopt);
    EXPECT_EQ(h.runtime->sum(&cluster::Stats::upstream_rq_active), 1u);
    EXPECT_EQ(last_ledger(h).flags.text(), "DR");
    h.requests.at(1).answer();
    h.settle();
    EXPECT_EQ(second.body, "/second");
    EXPECT_EQ(h.listener_stat(&ListenerStats::downstream_rq_aborted), 1u);
    EXPECT_EQ(h.at_rest(), "");
  }
}

TEST(H2, AClientConnectionThatIsLostCancelsAllItsAttempts) {
  for (bool reset : {false, true}) {
    Held h;
    h.start();
    H2Peer& client = h.connect_h2_client();
    H2Peer& other = h.connect_h2_client();
    for (int i = 0; i < 4; ++i) client.get("/lost");
    client.send(client.ask(post("/upload"), false), "part", false);
    H2Stream& kept = other.get("/kept");
    h.settle();
    ASSERT_EQ(h.requests.size(), 5u);
    client.close(reset);
    h.settle();
    size_t cancelled = 0;
    for (auto& [id, stream] : h.h2_origins.at(0)->streams) cancelled += stream->reset == uint32_t{NGHTTP2_CANCEL};
    EXPECT_EQ(cancelled, 5u);
    EXPECT_EQ(h.runtime->sum(&cluster::Stats::upstream_rq_active), 1u);
    EXPECT_EQ(h.listener_stat(&ListenerStats::downstream_cx_active), 1u);
    for (auto& request : h.requests) request.answer();
    h.settle();
    EXPECT_EQ(kept.body, "/kept");
    EXPECT_EQ(h.listener_stat(&ListenerStats::downstream_rq_aborted), 5u);
    EXPECT_EQ(h.at_rest(), "");
  }
}

TEST(H2, AClientThatGoesAwayGetsWhatItAskedFor) {
  Held h;
  h.start();
  H2Peer& client = h.connect_h2_client();
  H2Stream& first = client.get("/first");
  H2Stream& second = client.get("/second");
  h.settle();
  client.goaway(0, NGHTTP2_NO_ERROR);
  h.settle();
  h.requests.at(1).answer();
  h.settle();
  EXPECT_FALSE(client.ended());
  h.requests.at(0).answer();
  h.settle();
  EXPECT_EQ(first.body, "/first");
  EXPECT_EQ(second.body, "/second");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(h.at_rest(), "");
}

// ---- the origin refuses, resets, leaves ----------------------------------------------------------------------------

TEST(H2, ARefusedStreamIsRetriedByRefusedStream) {
  struct Case {
    uint32_t on;
    bool retried;
  };
  for (Case c : {Case{retry::kRefusedStream, true}, Case{retry::kConnectFailure, false},
                 Case{retry::kRetriable4xx, false}, Case{0, false}}) {
    Held h;
    h.action.retry.on = c.on;
    h.start();
    auto hold = h.h2_origin;
    int asked = 0;
    h.h2_origin = [&](H2Peer& peer, H2Stream& stream) {
      ++asked == 1 ? peer.reset(stream, NGHTTP2_REFUSED_STREAM) : hold(peer, stream);
    };
    H2Stream& stream = h.connect_h2_client().get("/a");
    h.advance(seconds(1));
    if (c.retried) h.requests.at(0).answer();
    h.settle();
    EXPECT_EQ(stream.status(), c.retried ? 200 : 503) << c.on;
    EXPECT_EQ(last_ledger(h).attempts, c.retried ? 2u : 1u) << c.on;
    EXPECT_EQ(last_ledger(h).at(1).reset, retry::Reason::kRemoteRefused);
    EXPECT_EQ(h.h2_origins.size(), 1u) << "the connection is as good as before";
    EXPECT_EQ(h.at_rest(), "");
  }
}

// Every other code says nothing about what was done: `refused-stream` does not cover it.
TEST(H2, AnyOtherResetIsNoRefusal) {
  for (uint32_t code = 0; code <= NGHTTP2_HTTP_1_1_REQUIRED; ++code) {
    if (code == NGHTTP2_REFUSED_STREAM) continue;
    Held h;
    h.action.retry.on = retry::kRefusedStream;
    h.start();
    h.h2_origin = [&](H2Peer& peer, H2Stream& stream) { peer.reset(stream, code); };
    H2Stream& stream = h.connect_h2_client().get("/a");
    h.advance(seconds(1));
    EXPECT_GE(stream.status(), 502) << code;
    EXPECT_EQ(last_ledger(h).attempts, 1u) << code;
    EXPECT_EQ(h.at_rest(), "") << code;
  }
}

// RFC 9113 6.8: streams above the last one of a GOAWAY were not looked at; those below go on.
TEST(H2, AGoawayRefusesTheStreamsAboveItsLast) {
  Held h;
  h.action.retry.on = retry::kRefusedStream;
  h.cluster.max_retries = 10;
  h.start();
  H2Peer& client = h.connect_h2_client();
  std::vector<H2Stream*> asked;
  for (int i = 0; i < 4; ++i) asked.push_back(&client.get(fmt::format("/{}", i)));
  h.settle();
  ASSERT_EQ(h.requests.size(), 4u);
  H2Peer& leaving = *h.requests[0].peer;
  leaving.goaway(h.requests[1].stream->id, NGHTTP2_NO_ERROR);
  h.advance(seconds(1));
  ASSERT_EQ(h.requests.size(), 6u) << "two were retried";
  EXPECT_EQ(h.h2_origins.size(), 2u) << "on another connection";
  for (size_t i : {0, 1, 4, 5}) h.requests[i].answer();
  h.settle();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(asked[static_cast<size_t>(i)]->body, fmt::format("/{}", i));
  EXPECT_TRUE(leaving.ended()) << "nothing is left on it";
  EXPECT_EQ(h.at_rest(), "");
}

TEST(H2, AResetBehindTheHeadAbortsTheClientsStreamAlone) {
  for (uint32_t code : {NGHTTP2_INTERNAL_ERROR, NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM, NGHTTP2_NO_ERROR}) {
    Held h;
    h.action.retry.on = retry::k5xx | retry::kReset | retry::kRefusedStream;
    h.action.retry.retries = 3;
    h.start();
    H2Peer& client = h.connect_h2_client();
    H2Stream& cut = client.get("/cut");
    H2Stream& whole = client.get("/whole");
    h.settle();
    H2Peer& origin = *h.requests.at(0).peer;
    origin.answer(*h.requests[0].stream, 200, {}, false);
    origin.send(*h.requests[0].stream, "part", false);
    h.settle();
    origin.reset(*h.requests[0].stream, code);
    h.advance(seconds(1));
    EXPECT_EQ(cut.status(), 200);
    EXPECT_EQ(cut.body, "part");
    EXPECT_FALSE(cut.ended);
    EXPECT_TRUE(cut.reset.has_value()) << code;
    EXPECT_EQ(last_ledger(h).attempts, 1u) << "not retried";
    EXPECT_EQ(last_ledger(h).outcome, exchange::Decision::kResponseCut);
    h.requests[1].answer();
    h.settle();
    EXPECT_EQ(whole.body, "/whole");
    EXPECT_FALSE(client.ended());
    EXPECT_EQ(h.at_rest(), "");
  }
}

TEST(H2, AConnectionThatIsLostIsJudgedByEachOfItsRequests) {
  for (bool reset : {false, true}) {
    Held h("127.0.0.0/8");
    h.start();
    H2Peer& client = h.connect_h2_client();
    H2Stream& retried = client.get("/retried", {{"x-envoy-retry-on", "reset"}});
    H2Stream& other = client.get("/other", {{"x-envoy-retry-on", "refused-stream"}});
    H2Stream& plain = client.get("/plain");
    H2Stream& headed = client.get("/headed", {{"x-envoy-retry-on", "reset"}});
    h.settle();
    ASSERT_EQ(h.requests.size(), 4u);
    h.requests[3].peer->answer(*h.requests[3].stream, 200, {}, false);
    h.settle();
    h.requests[3].peer->close(reset);
    h.advance(seconds(1));
    ASSERT_EQ(h.requests.size(), 5u);
    EXPECT_EQ(h.requests[4].path(), "/retried");
    h.requests[4].answer();
    h.settle();
    EXPECT_EQ(retried.status(), 200);
    EXPECT_EQ(other.status(), 503);
    EXPECT_EQ(plain.status(), 503);
    EXPECT_TRUE(headed.reset.has_value() && !headed.ended);
    EXPECT_EQ(h.at_rest(), "");
  }
}

TEST(H2, AnEarlyAnswerEndsTheUploadOfItsStreamAlone) {
  Held h;
  h.start();
  auto hold = h.h2_origin;
  h.h2_origin = [&](H2Peer& peer, H2Stream& stream) {
    value_of(stream.head, ":path") == "/early" ? peer.answer(stream, 413, "no") : hold(peer, stream);
  };
  H2Peer& client = h.connect_h2_client();
  H2Stream& early = client.ask(post("/early"), false);
  H2Stream& other = client.get("/other");
  client.send(early, pattern(5 << 20), false); // it would go on
  h.settle();
  EXPECT_EQ(early.status(), 413);
  EXPECT_EQ(early.body, "no");
  EXPECT_TRUE(early.ended);
  EXPECT_EQ(early.reset, uint32_t{NGHTTP2_NO_ERROR}) << "RFC 9113 8.1";
  H2Stream& at_origin = *h.h2_origins.at(0)->streams.at(1);
  EXPECT_TRUE(at_origin.reset.has_value()) << "and the origin is told that no more comes";
  h.requests.at(0).answer();
  h.settle();
  EXPECT_EQ(other.body, "/other");
  EXPECT_EQ(h.at_rest(), "");
}

// An origin that has no room, not even for the end: what nobody needs any more does not stay open there.
TEST(H2, AnEarlyAnswerEndsAnUploadOfWhichTheEndAloneIsLeft) {
  Held h;
  h.h2_options.stream_window = 0;
  h.start();
  H2Peer& client = h.connect_h2_client();
  client.get("/first"); // brings the origin's settings
  h.settle();
  H2Stream& upload = client.ask(post("/upload"), false);
  h.settle();
  client.send(upload, {}, true);
  h.settle();
  H2Peer& origin = *h.h2_origins.at(0);
  H2Stream& far = *origin.streams.at(3);
  EXPECT_FALSE(far.ended);
  for (auto& [id, stream] : origin.streams) origin.answer(*stream, 200, "ok");
  h.settle();
  EXPECT_EQ(upload.body, "ok");
  EXPECT_EQ(far.reset, uint32_t{NGHTTP2_CANCEL});
  EXPECT_EQ(h.at_rest(), "");
}

// ---- windows, limits -----------------------------------------------------------------------------------------------

TEST(H2, ASlowReaderOfOneStreamHoldsUpNoOther) {
  constexpr size_t kWindow = 65535, kBuffer = 64 * 1024;
  Held h;
  h.listener.buffer_bytes = kBuffer;
  h.h2_stream_window_bytes = kWindow;
  h.start();
  H2Peer& client = h.connect_h2_client();
  H2Stream& slow = client.get("/slow");
  client.hold(slow, true);
  h.settle();
  H2Stream& far = *h.requests.at(0).stream;
  h.requests[0].peer->answer(far, 200, {}, false);
  h.requests[0].peer->send(far, pattern(8 << 20), true);
  h.settle();
  EXPECT_EQ(slow.body.size(), kWindow) << "its own window is full";
  EXPECT_LE(far.sent, 2 * kWindow + kBuffer) << "what waits in between is bounded";
  for (int i = 0; i < 20; ++i) {
    H2Stream& quick = client.get("/quick");
    h.settle();
    h.requests.back().peer->answer(*h.requests.back().stream, 200, pattern(100'000));
    h.settle();
    EXPECT_TRUE(quick.ended && quick.body == pattern(100'000)) << i << ": " << quick.body.size();
  }
  client.hold(slow, false);
  h.settle();
  EXPECT_TRUE(slow.ended && slow.body == pattern(8 << 20)) << slow.body.size();
  EXPECT_EQ(h.at_rest(), "");
}

// A window that the answer fills exactly leaves no room for its end (libnghttp2 sends no empty DATA into it).
TEST(H2, AnEndThatNobodyMakesRoomForIsGivenUpToo) {
  constexpr size_t kWindow = 1000;
  Held h;
  h.listener.stream_idle_timeout_ms = 5000;
  h.start();
  H2Options options;
  options.stream_window = kWindow;
  H2Peer& client = h.connect_h2_client(options);
  H2Stream& slow = client.get("/slow");
  client.hold(slow, true);
  h.settle();
  H2Stream& far = *h.requests.at(0).stream;
  h.requests[0].peer->answer(far, 200, {}, false);
  h.requests[0].peer->send(far, pattern(kWindow), false);
  h.settle();
  h.requests[0].peer->send(far, {}, true);
  h.settle();
  EXPECT_EQ(slow.body.size(), kWindow);
  EXPECT_FALSE(slow.ended);
  EXPECT_EQ(h.at_rest(), "") << "for the worker it is over";
  h.advance(seconds(4));
  EXPECT_FALSE(slow.closed);
  h.advance(seconds(2));
  EXPECT_EQ(slow.reset, uint32_t{NGHTTP2_CANCEL});
  EXPECT_EQ(h.listener_stat(&ListenerStats::downstream_rq_idle_timeout), 1u);
}

TEST(H2, WithoutALimitOfSilenceASlowReaderGetsAllOfItsAnswer) {
  Held h;
  h.listener.stream_idle_timeout_ms = 0;
  h.start();
  H2Peer& client = h.connect_h2_client();
  H2Stream& slow = client.get("/slow");
  client.hold(slow, true);
  h.settle();
  h.requests.at(0).peer->answer(*h.requests[0].stream, 200, pattern(500'000));
  h.advance(seconds(100));
  client.hold(slow, false);
  h.settle();
  EXPECT_TRUE(slow.ended && slow.body == pattern(500'000)) << slow.body.size();
  EXPECT_EQ(h.at_rest(), "");
}

TEST(H2, ASlowOriginOfOneUploadHoldsUpNoOther) {
  constexpr size_t kWindow = 65535, kBuffer = 64 * 1024;
  Held h;
  h.listener.buffer_bytes = kBuffer;
  h.listener.h2_stream_window_bytes = kWindow;
  h.start();
  h.h2_origin = [](H2Peer& peer, H2Stream& stream) {
    if (!stream.ended) return peer.hold(stream, value_of(stream.head, ":path") == "/slow");
    peer.answer(stream, 200, std::to_string(stream.body.size()));
  };
  H2Peer& client = h.connect_h2_client();
  H2Stream& slow = client.ask(post("/slow"), false);
  client.send(slow, pattern(4 << 20), true);
  h.settle();
  EXPECT_LE(slow.sent, 3 * kWindow + kBuffer);
  for (int i = 0; i < 20; ++i) {
    H2Stream& quick = client.ask(post("/quick"), false);
    client.send(quick, pattern(100'000), true);
    h.settle();
    EXPECT_EQ(quick.body, "100000") << i;
  }
  H2Peer& origin = *h.h2_origins.at(0);
  origin.hold(*origin.streams.at(1), false);
  h.settle();
  EXPECT_EQ(slow.body, std::to_string(4 << 20));
  EXPECT_TRUE(origin.streams.at(1)->body == pattern(4 << 20));
  EXPECT_EQ(h.at_rest(), "");
}

TEST(H2, AConnectionThatAllowsOneStreamGetsCompany) {
  Held h;
  h.h2_options.concurrent_streams = 1;
  h.start();
  H2Peer& client = h.connect_h2_client();
  client.get("/first");
  h.settle(); // its connection's settings are here
  std::vector<H2Stream*> asked;
  for (int i = 0; i < 3; ++i) {
    asked.push_back(&client.get(fmt::format("/{}", i)));
    h.settle();
  }
  EXPECT_EQ(h.requests.size(), 4u);
  EXPECT_EQ(h.h2_origins.size(), 4u);
  for (auto& request : h.requests) request.answer();
  h.settle();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(asked[static_cast<size_t>(i)]->body, fmt::format("/{}", i));
  EXPECT_EQ(h.at_rest(), "");
}

TEST(H2, ALimitThatGrowsLetsInWhoWaits) {
  Held h;
  h.cluster.max_connections = 1;
  h.h2_options.concurrent_streams = 1;
  h.start();
  H2Peer& client = h.connect_h2_client();
  client.get("/first");
  h.settle();
  client.get("/second");
  client.get("/third");
  h.settle();
  EXPECT_EQ(h.requests.size(), 1u);
  EXPECT_EQ(h.runtime->sum(&cluster::Stats::upstream_rq_pending_active), 2u);
  h.h2_origins.at(0)->settings(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 3);
  h.settle();
  EXPECT_EQ(h.requests.size(), 3u);
  EXPECT_EQ(h.h2_origins.size(), 1u);
  for (auto& request : h.requests) request.answer();
  h.settle();
  EXPECT_EQ(h.at_rest(), "");
}

// Before its settings are here, a connection takes what comes, and its endpoint may refuse what is over its limit.
TEST(H2, RequestsThatWereFasterThanTheSettingsAreRefusedAndRetried) {
  Held h;
  h.h2_options.concurrent_streams = 1;
  h.action.retry.on = retry::kRefusedStream;
  h.start();
  H2Peer& client = h.connect_h2_client();
  std::vector<H2Stream*> asked;
  for (int i = 0; i < 4; ++i) asked.push_back(&client.get(fmt::format("/{}", i)));
  h.advance(seconds(1));
  EXPECT_EQ(h.h2_origins.size(), 4u);
  for (auto& request : h.requests) request.answer();
  h.settle();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(asked[static_cast<size_t>(i)]->body, fmt::format("/{}", i));
  EXPECT_EQ(h.at_rest(), "");
}

// ---- drain ---------------------------------------------------------------------------------------------------------

TEST(H2, ADrainSaysGoawayAndLetsStreamsFinish) {
  Held h;
  h.start();
  H2Peer& client = h.connect_h2_client();
  H2Peer& idle = h.connect_h2_client();
  idle.get("/before");
  h.settle();
  h.requests.at(0).answer();
  H2Stream& first = client.get("/first");
  h.settle();
  bool drained = false;
  h.worker->drain(h.loop->now() + seconds(60), [&] { drained = true; });
  h.settle();
  EXPECT_EQ(client.goaways, (std::vector<int32_t>{INT32_MAX, first.id}));
  EXPECT_FALSE(client.ended());
  EXPECT_FALSE(drained);
  h.advance(seconds(2)); // libnghttp2 answers no PING of a connection that has nothing under way and goes away
  EXPECT_TRUE(idle.ended());
  h.advance(seconds(10));
  h.requests.at(1).answer();
  h.settle();
  EXPECT_EQ(first.body, "/first");
  EXPECT_TRUE(first.ended);
  h.advance(seconds(2));
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(drained);
  EXPECT_EQ(h.at_rest(), "");
}

// For the worker the request is over; its client still has to take the answer.
TEST(H2, ADrainWaitsForASlowReader) {
  Held h;
  h.start();
  H2Peer& client = h.connect_h2_client();
  H2Stream& slow = client.get("/slow");
  H2Stream& last = client.get("/last");
  client.hold(slow, true);
  h.settle();
  h.requests.at(0).peer->answer(*h.requests[0].stream, 200, pattern(300'000));
  h.settle();
  bool drained = false;
  h.worker->drain(h.loop->now() + seconds(60), [&] { drained = true; });
  h.settle();
  h.requests.at(1).answer();
  h.advance(seconds(10));
  EXPECT_EQ(last.body, "/last");
  EXPECT_FALSE(drained);
  EXPECT_FALSE(client.ended());
  client.hold(slow, false);
  h.settle();
  EXPECT_TRUE(slow.ended && slow.body == pattern(300'000)) << slow.body.size();
  h.advance(seconds(2));
  EXPECT_TRUE(drained);
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(h.at_rest(), "");
}

// RFC 9113 6.8: what crosses the notice is served.
TEST(H2, ARequestThatCrossesTheGoawayIsServed) {
  Held h;
  h.start();
  H2Options options;
  options.answers_pings = false; // the last GOAWAY waits for that
  H2Peer& client = h.connect_h2_client(options);
  client.get("/a");
  h.settle();
  bool drained = false;
  h.worker->drain(h.loop->now() + seconds(60), [&] { drained = true; });
  H2Stream& crossing = client.get("/crossing"); // before it has read
  h.settle();
  ASSERT_EQ(h.requests.size(), 2u);
  for (auto& request : h.requests) request.answer();
  h.settle();
  EXPECT_EQ(crossing.body, "/crossing");
  EXPECT_FALSE(drained);
  h.advance(seconds(3));
  EXPECT_TRUE(client.ended()) << "a client that answers no PING is not waited for";
  EXPECT_TRUE(drained);
  EXPECT_EQ(h.at_rest(), "");
}

TEST(H2, TheEndOfADrainCutsWhatIsLeft) {
  Held h;
  h.start();
  H2Peer& client = h.connect_h2_client();
  H2Stream& stuck = client.get("/stuck");
  h.settle();
  bool drained = false;
  h.worker->drain(h.loop->now() + seconds(5), [&] { drained = true; });
  h.advance(seconds(5));
  EXPECT_TRUE(drained);
  EXPECT_FALSE(stuck.ended);
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(h.requests.at(0).stream->reset, uint32_t{NGHTTP2_CANCEL});
  EXPECT_EQ(last_ledger(h).flags.text(), "LR");
  EXPECT_EQ(h.at_rest(), "");
}

} // namespace
} // namespace kgw::test
