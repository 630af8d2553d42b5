#include "net/resolver.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "unit/net/dns_server.h"
#include "unit/net/real_loop.h"

namespace kgw::net {
namespace {

// A trailing dot keeps this machine's search domains out of it.
class ResolverTest : public testing::Test {
 protected:
  Resolution ask(const std::string& name) {
    if (!resolver) {
      server.start();
      resolver = std::move(*make_resolver(*loop, {{server.address()}, base::milliseconds(50), 2}));
    }
    std::optional<Resolution> result;
    resolver->resolve(name, [&](Resolution found) { result = std::move(found); });
    EXPECT_FALSE(result) << "inline";
    EXPECT_TRUE(loop.run_until([&] { return result.has_value(); }));
    return std::move(*result);
  }

  DnsServer server;
  RealLoop loop;
  std::unique_ptr<Resolver> resolver;
};

TEST_F(ResolverTest, ANumericNameIsItself) {
  EXPECT_EQ(ask("192.0.2.1").addresses, std::vector{*parse_address("192.0.2.1", 0)});
  Resolution six = ask("2001:db8::1");
  EXPECT_TRUE(six.ok);
  EXPECT_EQ(six.addresses, std::vector{*parse_address("2001:db8::1", 0)});
  EXPECT_EQ(server.queries(DnsServer::kA), 0);
}

TEST_F(ResolverTest, LocalhostIsThisMachineAndAsksNobody) {
  Resolution found = ask("localhost");
  EXPECT_TRUE(found.ok);
  ASSERT_FALSE(found.addresses.empty());
  EXPECT_TRUE(found.addresses[0].loopback());
  EXPECT_EQ(found.ttl, Duration{});
}

TEST_F(ResolverTest, GivesAllIpv4AddressesAndTheSmallestTtl) {
  server.answers[{"many.test", DnsServer::kA}] = {
      .records = {{"192.0.2.1", 300}, {"192.0.2.2", 30}, {"192.0.2.3", 300}}};
  Resolution found = ask("many.test.");
  EXPECT_TRUE(found.ok) << found.error;
  EXPECT_EQ(found.addresses.size(), 3u);
  EXPECT_EQ(found.ttl, base::seconds(30));
  EXPECT_EQ(server.queries(DnsServer::kAaaa), 0);
}

TEST_F(ResolverTest, AsksForIpv6OnlyWhenThereIsNoIpv4) {
  server.answers[{"six.test", DnsServer::kA}] = {};
  server.answers[{"six.test", DnsServer::kAaaa}] = {.records = {{"2001:db8::6", 5}}};
  Resolution found = ask("six.test.");
  EXPECT_TRUE(found.ok) << found.error;
  EXPECT_EQ(found.addresses, std::vector{*parse_address("2001:db8::6", 0)});
  EXPECT_EQ(found.ttl, base::seconds(5));
}

TEST_F(ResolverTest, NoSuchNameEmptyAnswerAndServerFailureAreFailuresWithWords) {
  server.answers[{"empty.test", DnsServer::kA}] = {};
  server.answers[{"empty.test", DnsServer::kAaaa}] = {};
  server.answers[{"broken.test", DnsServer::kA}] = {.code = 2, .records = {}};
  for (auto name : {"nowhere.test.", "empty.test.", "broken.test."}) {
    Resolution found = ask(name);
    EXPECT_FALSE(found.ok) << name;
    EXPECT_FALSE(found.error.empty()) << name;
    EXPECT_TRUE(found.addresses.empty()) << name;
  }
}

TEST_F(ResolverTest, ASilentServerIsATimeout) {
  server.answers[{"silent.test", DnsServer::kA}] = {.records = {}, .silent = true};
  Instant start = loop->now();
  Resolution found = ask("silent.test.");
  EXPECT_FALSE(found.ok);
  EXPECT_EQ(server.queries(DnsServer::kA), 2);
  EXPECT_GE(loop->now() - start, base::milliseconds(100));
}

TEST_F(ResolverTest, CarriesAThousandAddressesOverTcp) {
  DnsAnswer large;
  for (int i = 0; i < 1000; ++i) {
    large.records.push_back({"10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 60});
  }
  server.answers[{"large.test", DnsServer::kA}] = large;
  EXPECT_EQ(ask("large.test.").addresses.size(), 1000u);
}

TEST_F(ResolverTest, ATtlThatChangesIsSeen) {
  server.answers[{"short.test", DnsServer::kA}] = {.records = {{"192.0.2.1", 1}}};
  server.answers[{"long.test", DnsServer::kA}] = {.records = {{"192.0.2.1", 86400}}};
  EXPECT_EQ(ask("short.test.").ttl, base::seconds(1));
  EXPECT_EQ(ask("long.test.").ttl, base::seconds(86400));
}

TEST_F(ResolverTest, CallsNobodyOnceItIsGone) {
  ask("127.0.0.1");
  int calls = 0;
  resolver->resolve("silent.test.", [&](Resolution) { ++calls; });
  resolver->resolve("192.0.2.1", [&](Resolution) {
    ++calls;
    resolver.reset();
  });
  resolver->resolve("192.0.2.2", [&](Resolution) { ++calls; });
  EXPECT_TRUE(loop.run_until([&] { return resolver == nullptr; }));
  EXPECT_EQ(calls, 1);
}

} // namespace
} // namespace kgw::net
