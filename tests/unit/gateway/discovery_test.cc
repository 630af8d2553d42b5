// DNS over a scripted resolver on a virtual clock: what a bad or changed answer does to the endpoints.
#include "gateway/discovery.h"

#include <deque>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace kgw::gateway {
namespace {

using base::seconds;

struct Question {
  std::string name;
  std::move_only_function<void(net::Resolution)> done;
};

class Script final : public net::Resolver {
 public:
  void resolve(const std::string& name, std::move_only_function<void(net::Resolution)> done) override {
    questions.push_back({name, std::move(done)});
  }
  void answer(std::vector<std::string> addresses, int ttl_s) {
    net::Resolution resolution{.ok = true, .ttl = seconds(ttl_s)};
    for (const std::string& address : addresses) resolution.addresses.push_back(*net::parse_address(address, 0));
    give(std::move(resolution));
  }
  void fail(const char* words) { give({.error = words}); }
  std::deque<Question> questions;

 private:
  void give(net::Resolution resolution) {
    Question question = std::move(questions.front());
    questions.pop_front();
    question.done(std::move(resolution));
  }
};

struct DiscoveryTest : testing::Test {
  std::unique_ptr<net::Loop> loop = std::move(*net::Loop::make(net::Loop::Clock::kVirtual));
  Script dns;
  base::Log log;
  size_t published = 0;
  std::shared_ptr<const cluster::EndpointSet> last;
  size_t most = 100;
  std::unique_ptr<Discovery> discovery;
  cluster::Registry registry{1};
  std::shared_ptr<const snapshot::Snapshot> snapshot;

  std::vector<size_t> track(const std::vector<std::string>& hosts) {
    if (discovery == nullptr) {
      discovery = std::make_unique<Discovery>(*loop, &dns, 1, most, log, [this](const auto&, auto set) {
        ++published;
        last = std::move(set);
      });
    }
    snapshot::Spec spec;
    for (const std::string& host : hosts) {
      snapshot::ClusterSpec cluster{.id = {"Backend", "test", host, 80}, .name = host};
      cluster.endpoints.push_back({.host = host, .port = 80});
      spec.clusters.push_back(std::move(cluster));
    }
    snapshot = *snapshot::compile(std::move(spec), registry, 1);
    std::vector<size_t> sizes;
    for (const auto& set : discovery->track(*snapshot)) sizes.push_back(set->size());
    return sizes;
  }
};

TEST_F(DiscoveryTest, ANameGetsItsAddressesAndIsAskedAgainWhenTheyAreOld) {
  EXPECT_EQ(track({"a.test"}), std::vector<size_t>{0});
  EXPECT_EQ(discovery->unanswered(), 1u);
  dns.answer({"10.0.0.1", "10.0.0.2"}, 60);
  EXPECT_EQ(discovery->unanswered(), 0u);
  ASSERT_EQ(published, 1u);
  EXPECT_EQ(last->size(), 2u);
  EXPECT_EQ(last->front().text, "10.0.0.1:80");
  loop->advance(seconds(53));
  EXPECT_TRUE(dns.questions.empty());
  loop->advance(seconds(8));
  ASSERT_EQ(dns.questions.size(), 1u);
  dns.answer({"10.0.0.1", "10.0.0.2"}, 60);
  EXPECT_EQ(published, 1u) << "nothing has changed";
}

TEST_F(DiscoveryTest, AChangedTtlAndAddressAreFollowed) {
  track({"a.test"});
  dns.answer({"10.0.0.1"}, 1); // five seconds at least
  loop->advance(seconds(4));
  EXPECT_TRUE(dns.questions.empty());
  loop->advance(seconds(2));
  dns.answer({"10.0.0.9"}, 100'000); // five minutes at most
  EXPECT_EQ(last->front().text, "10.0.0.9:80");
  loop->advance(seconds(301));
  EXPECT_EQ(dns.questions.size(), 1u);
}

TEST_F(DiscoveryTest, AFailureKeepsWhatWasThere) {
  for (const char* words : {"NXDOMAIN", "SERVFAIL", "timeout"}) {
    track({"a.test"});
    if (dns.questions.empty()) loop->advance(seconds(400));
    dns.answer({"10.0.0.1"}, 60);
    size_t before = published;
    loop->advance(seconds(61));
    dns.fail(words);
    EXPECT_EQ(published, before);
    EXPECT_EQ(track({"a.test"}), std::vector<size_t>{1}) << words;
    loop->advance(seconds(6));
    ASSERT_EQ(dns.questions.size(), 1u) << "asked again soon";
    dns.answer({"10.0.0.1"}, 60);
  }
}

TEST_F(DiscoveryTest, AnEmptyAnswerEmptiesTheCluster) {
  track({"a.test"});
  dns.answer({"10.0.0.1"}, 60);
  loop->advance(seconds(61));
  dns.answer({}, 60);
  EXPECT_TRUE(last->empty());
}

TEST_F(DiscoveryTest, AThousandAddressesAndOneOfThemTwice) {
  track({"a.test"});
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i) many.push_back(fmt::format("10.1.{}.{}", i / 250, i % 250));
  many.push_back(many.front());
  dns.answer(many, 60);
  EXPECT_EQ(last->size(), 1000u);
}

TEST_F(DiscoveryTest, NamesBeyondTheLimitAreNotAsked) {
  most = 2;
  track({"a.test", "b.test"});
  EXPECT_EQ(dns.questions.size(), 2u);
  EXPECT_EQ(discovery->overflowed(), 0u);
  EXPECT_EQ(track({"a.test", "b.test", "c.test"}), (std::vector<size_t>{0, 0, 0}));
  EXPECT_EQ(dns.questions.size(), 2u);
  EXPECT_EQ(discovery->overflowed(), 1u);
  dns.answer({"10.0.0.1"}, 60);
  dns.answer({"10.0.0.2"}, 60);
  track({"b.test"});
  track({"b.test", "c.test"});
  ASSERT_EQ(dns.questions.size(), 1u) << "there is room again";
  EXPECT_EQ(dns.questions[0].name, "c.test");
}

TEST_F(DiscoveryTest, AnAnswerForANameThatWentIsHarmless) {
  track({"a.test"});
  track({});
  dns.answer({"10.0.0.1"}, 60);
  EXPECT_EQ(published, 0u);
}

} // namespace
} // namespace kgw::gateway
