// Which of several fitting rules takes a request.

#include <gtest/gtest.h>

#include "unit/route/fixture.h"

namespace kgw::route::test {
namespace {

// `stronger` wins against `weaker` whichever is written, created or named first.
void expect_order(const MatchSpec& stronger, const MatchSpec& weaker, const Ask& ask) {
  auto first = table({rule("a", {""}, {stronger}), rule("b", {""}, {weaker})});
  auto second = table({rule("a", {""}, {weaker}), rule("b", {""}, {stronger})});
  EXPECT_EQ(taker(*first, ask), "a");
  EXPECT_EQ(taker(*second, ask), "b");
}

TEST(Precedence, ExactRegexLongerPrefixMethodHeadersQuery) {
  Ask ask = Ask("h", "/a/b").query("q=1").header("x", "1").header("y", "2");
  MatchSpec method = prefix("/a"), one_header = prefix("/a"), two_headers = prefix("/a"), query = prefix("/a");
  method.method = "GET";
  one_header.headers = {{"x", "1"}};
  two_headers.headers = {{"x", "1"}, {"y", "2"}};
  query.query = {{"q", "1"}};
  expect_order(exact("/a/b"), regex("/a/.*"), ask);
  expect_order(regex("/a/.*"), prefix("/a/b"), ask);
  expect_order(prefix("/a/b"), method, ask);
  expect_order(method, two_headers, ask);
  expect_order(two_headers, one_header, ask);
  expect_order(one_header, query, ask);
  expect_order(query, prefix("/a/"), ask);
}

TEST(Precedence, OlderRouteThenNameThenRuleThenMatch) {
  auto make = [](std::string name, int64_t created, uint32_t index) {
    RuleSpec spec = rule(name, {""}, {prefix("/")});
    spec.created_s = created;
    spec.rule_index = index;
    return spec;
  };
  EXPECT_EQ(taker(*table({make("ns/a", 20, 0), make("ns/b", 10, 0)}), Ask("h", "/")), "ns/b");
  EXPECT_EQ(taker(*table({make("ns/b", 10, 0), make("ns/a", 10, 0)}), Ask("h", "/")), "ns/a");
  auto later = make("later", 10, 1), sooner = make("sooner", 10, 0);
  later.route_key = sooner.route_key = "ns/a";
  EXPECT_EQ(taker(*table({later, sooner}), Ask("h", "/")), "sooner");
}

TEST(Precedence, TheMatchIsReported) {
  auto made = table({rule("r", {""}, {exact("/x"), prefix("/y")})});
  Ask ask("h", "/y/z");
  Match match = made->find(ask.request());
  ASSERT_TRUE(match);
  EXPECT_EQ(match.match->path, "/y");
  EXPECT_EQ(match.match, &match.rule->matches[1]);
}

TEST(Precedence, ARuleWithoutMatchesTakesEverything) {
  auto made = table({rule("r", {""}, {})});
  EXPECT_EQ(taker(*made, Ask("h", "/what/ever")), "r");
}

TEST(Hosts, MostSpecificHostnameAndNoFallBack) {
  auto made = table({rule("precise", {"a.example.com"}, {prefix("/only")}), rule("deep", {"*.b.example.com"}, {}),
                     rule("wide", {"*.example.com"}, {}), rule("any", {""}, {})});
  EXPECT_EQ(taker(*made, Ask("a.example.com", "/only")), "precise");
  EXPECT_EQ(taker(*made, Ask("a.example.com", "/else")), "") << "each hostname is a virtual host of its own";
  EXPECT_EQ(taker(*made, Ask("x.B.example.com", "/")), "deep");
  EXPECT_EQ(taker(*made, Ask("b.example.com", "/")), "wide");
  EXPECT_EQ(taker(*made, Ask("example.com", "/")), "any");
}

TEST(Hosts, ListenersAreIsolated) {
  auto made = Table::compile({{"ns/gw/any", "", {rule("any", {""}, {})}},
                              {"ns/gw/wild", "*.b", {rule("wild", {"*.b"}, {prefix("/w")})}},
                              {"ns/gw/exact", "a.b", {}}})
                  .value();
  Ask exact_host("a.b", "/w"), wild_host("c.b", "/w"), other("c", "/w");
  Match match = made->find(exact_host.request());
  EXPECT_FALSE(match);
  EXPECT_EQ(match.listener, 2) << "the closest listener is taken even if it has no routes";
  EXPECT_EQ(made->find(wild_host.request()).rule->name, "wild");
  EXPECT_EQ(taker(*made, Ask("c.b", "/")), "");
  EXPECT_EQ(made->find(other.request()).listener, 0);
}

TEST(Hosts, NoListenerCoversTheHost) {
  auto made = Table::compile({{"ns/gw/exact", "a.b", {rule("r", {"a.b"}, {})}}}).value();
  Ask ask("x.y", "/");
  EXPECT_EQ(made->find(ask.request()).listener, -1);
  EXPECT_EQ(Table::compile({}).value()->find(ask.request()).listener, -1);
}

} // namespace
} // namespace kgw::route::test
