// x-envoy-* request headers, and what the gateway tells endpoints and clients about its attempts.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "worker/harness.h"

namespace kgw::test {
namespace {

std::string with(std::string_view fields) { return fmt::format("GET / HTTP/1.1\r\nhost: test\r\n{}\r\n", fields); }

constexpr std::string_view kEveryone = "0.0.0.0/0";

struct Steering : Harness {
  explicit Steering(std::string_view trusted = {}) : Harness(1, trusted) {}
  std::vector<std::string> heads; // as the origin got them
  std::vector<std::string> answers = {
      "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"}; // one after the other, the last one repeats
  Reply reply;
  void ask(std::string_view fields) {
    start();
    origin = [this](Peer& peer, const std::string& head) {
      heads.push_back(head);
      peer.send(answers[std::min(heads.size(), answers.size()) - 1]);
    };
    Peer& client = connect_client();
    client.send(with(fields));
    advance(base::seconds(2));
    reply = parse_reply(client.received);
  }
};

TEST(Steering, AnUntrustedClientSteersNothing) {
  Steering s;
  s.ask("x-envoy-retry-on: 5xx\r\nx-envoy-max-retries: 3\r\nx-envoy-upstream-rq-timeout-ms: 1\r\n");
  EXPECT_EQ(s.heads.size(), 1u);
  EXPECT_EQ(s.heads[0].find("x-envoy-retry-on"), std::string::npos);
  EXPECT_NE(s.heads[0].find("x-envoy-expected-rq-timeout-ms: 15000\r\n"), std::string::npos);
}

TEST(Steering, ATrustedOneIsRetriedOnARouteWithoutAPolicy) {
  Steering s(kEveryone);
  s.ask("x-envoy-retry-on: 5xx\r\nx-envoy-max-retries: 3\r\nx-envoy-upstream-rq-timeout-ms: 9000\r\n");
  ASSERT_EQ(s.heads.size(), 4u);
  EXPECT_EQ(s.heads[0].find("x-envoy-retry-on"), std::string::npos) << "always taken away";
  EXPECT_NE(s.heads[0].find("x-envoy-expected-rq-timeout-ms: 9000\r\n"), std::string::npos);
  EXPECT_NE(s.heads[0].find("x-envoy-internal: true\r\n"), std::string::npos);
  EXPECT_EQ(s.worker->records(0).at(0).ledger.flags.text(), "URX");
  EXPECT_EQ(s.at_rest(), "");
}

TEST(Steering, NotIfItCameThroughAnotherProxy) {
  Steering s(kEveryone);
  s.ask("x-forwarded-for: 10.1.2.3\r\nx-envoy-retry-on: 5xx\r\n");
  EXPECT_EQ(s.heads.size(), 1u);
}

TEST(Steering, RetriableHeadersOfTheRequest) {
  Steering s(kEveryone);
  s.answers = {"HTTP/1.1 200 OK\r\nx-again: 1\r\ncontent-length: 0\r\n\r\n",
               "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"};
  s.ask("x-envoy-retry-on: retriable-headers\r\nx-envoy-retriable-header-names: X-Again\r\n");
  EXPECT_EQ(s.heads.size(), 2u);
  EXPECT_EQ(s.reply.body, "ok");
  EXPECT_EQ(s.at_rest(), "");
}

TEST(Steering, AttemptCountsGoWhereTheyAreAskedFor) {
  for (int where : {0, 1, 2, 3}) {
    Steering s;
    s.action.retry.on = retry::k5xx;
    s.action.retry.retries = 1;
    s.action.settings.attempt_count_headers = where;
    s.action.settings.is_timeout_retry_header = where != 0;
    s.ask("x-envoy-attempt-count: 77\r\n");
    ASSERT_EQ(s.heads.size(), 2u);
    bool to_endpoint = (where & 1) != 0, to_client = (where & 2) != 0;
    EXPECT_EQ(s.heads[0].find("x-envoy-attempt-count: 1\r\n") != std::string::npos, to_endpoint);
    EXPECT_EQ(s.heads[1].find("x-envoy-attempt-count: 2\r\n") != std::string::npos, to_endpoint);
    EXPECT_EQ(s.heads[1].find("x-envoy-attempt-count: 77\r\n") != std::string::npos, !to_endpoint)
        << "untouched otherwise";
    EXPECT_EQ(s.reply.head.find("x-envoy-attempt-count: 2\r\n") != std::string::npos, to_client);
    EXPECT_EQ(s.heads[0].find("x-envoy-is-timeout-retry"), std::string::npos);
    EXPECT_EQ(s.heads[1].find("x-envoy-is-timeout-retry: false\r\n") != std::string::npos, where != 0);
  }
}

TEST(Steering, LocalRepliesCountToo) {
  Steering s;
  s.endpoints = {};
  s.action.settings.attempt_count_headers = 2;
  s.ask("");
  EXPECT_EQ(s.reply.status, 503);
  EXPECT_NE(s.reply.head.find("x-envoy-attempt-count: 1\r\n"), std::string::npos)
      << "no host on the first pick is attempt 1";
}

TEST(Steering, ATrustedClientMaySeeTheAttempts) {
  Steering s(kEveryone);
  s.action.retry.on = retry::k5xx;
  s.action.retry.retries = 1;
  s.answers = {"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n",
               "HTTP/1.1 200 OK\r\nx-kgwcore-attempts: forged\r\ncontent-length: 0\r\n\r\n"};
  s.ask("x-kgwcore-debug: attempts\r\n");
  ASSERT_EQ(s.heads.size(), 2u);
  EXPECT_EQ(s.heads[0].find("x-kgwcore-debug"), std::string::npos);
  EXPECT_NE(s.reply.head.find("x-kgwcore-attempts: 1;endpoint=\"10.0.0.1:80\";status=503;ms="), std::string::npos)
      << s.reply.head;
  EXPECT_NE(s.reply.head.find(", 2;endpoint=\"10.0.0.1:80\";status=200;ms="), std::string::npos) << s.reply.head;
  EXPECT_EQ(s.reply.head.find("forged"), std::string::npos);
}

TEST(Steering, AttemptsStandInLocalRepliesToo) {
  Steering s(kEveryone);
  s.endpoints = {};
  s.ask("x-kgwcore-debug: attempts\r\n");
  EXPECT_NE(s.reply.head.find("x-kgwcore-attempts: 1;ms=0.000;decision=no_host\r\n"), std::string::npos)
      << s.reply.head;
}

TEST(Steering, NobodyElseSeesTheAttempts) {
  for (const char* fields :
       {"x-kgwcore-debug: attempts\r\n", "x-kgwcore-debug: attempts\r\nx-forwarded-for: 10.1.2.3\r\n", ""}) {
    Steering s(std::string_view(fields).find("x-forwarded-for") == std::string_view::npos ? std::string_view{}
                                                                                          : kEveryone);
    s.ask(fields);
    EXPECT_EQ(s.reply.head.find("x-kgwcore-attempts"), std::string::npos);
    EXPECT_EQ(s.heads.at(0).find("x-kgwcore-debug"), std::string::npos);
  }
}

TEST(Steering, EnvoyHeadersCanBeSuppressed) {
  Steering s;
  s.listener.suppress_envoy_headers = 1;
  s.ask("");
  EXPECT_EQ(s.heads[0].find("x-envoy-expected-rq-timeout-ms"), std::string::npos);
  EXPECT_EQ(s.reply.head.find("x-envoy-upstream-service-time"), std::string::npos);
}

TEST(Steering, AWaitThatAResponseAsksFor) {
  Steering s;
  s.action.retry.on = retry::k5xx;
  s.action.retry.reset_headers = {{"retry-after", retry::ResetHeader::Format::kSeconds}};
  s.answers = {"HTTP/1.1 503 No\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
               "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"};
  s.ask("");
  EXPECT_EQ(s.reply.status, 200);
  Duration delay = s.worker->records(0).at(0).ledger.at(1).delay;
  EXPECT_GE(delay, base::from_ms(1000));
  EXPECT_LT(delay, base::from_ms(1500));
}

} // namespace
} // namespace kgw::test
