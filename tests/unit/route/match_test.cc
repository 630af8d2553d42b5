// What one match demands: path, method, headers, query.

#include <gtest/gtest.h>

#include "unit/route/fixture.h"

namespace kgw::route::test {
namespace {

bool takes(MatchSpec match, Ask ask) {
  return taker(*table({rule("r", {""}, {std::move(match)})}), std::move(ask)) == "r";
}
bool takes(MatchSpec match, const std::string& path) { return takes(std::move(match), Ask("h", path)); }

TEST(Path, ExactIsByteEquality) {
  EXPECT_TRUE(takes(exact("/a"), "/a"));
  EXPECT_FALSE(takes(exact("/a"), "/a/"));
  EXPECT_FALSE(takes(exact("/a"), "/A"));
}

TEST(Path, PrefixGoesBySegments) {
  for (const char* value : {"/abc", "/abc/"}) {
    EXPECT_TRUE(takes(prefix(value), "/abc"));
    EXPECT_TRUE(takes(prefix(value), "/abc/"));
    EXPECT_TRUE(takes(prefix(value), "/abc/d"));
    EXPECT_FALSE(takes(prefix(value), "/abcd"));
    EXPECT_FALSE(takes(prefix(value), "/ab"));
  }
  EXPECT_TRUE(takes(prefix("/"), "/anything"));
  EXPECT_TRUE(takes(prefix("/"), "/"));
}

TEST(Path, RegexCoversTheWholePath) {
  EXPECT_TRUE(takes(regex("/v[0-9]+/x"), "/v12/x"));
  EXPECT_FALSE(takes(regex("/v[0-9]+/x"), "/v12/xy"));
  EXPECT_FALSE(takes(regex("/v[0-9]+"), "/a/v12"));
}

TEST(Method, IsCaseSensitive) {
  MatchSpec match = prefix("/");
  match.method = "POST";
  EXPECT_TRUE(takes(match, Ask("h", "/").method("POST")));
  EXPECT_FALSE(takes(match, Ask("h", "/").method("post")));
  EXPECT_FALSE(takes(match, Ask("h", "/").method("GET")));
}

TEST(Headers, AllMustHoldAndOneLineIsEnough) {
  MatchSpec match = prefix("/");
  match.headers = {{"x-a", "1"}, {"x-b", "[23]+", true}};
  EXPECT_TRUE(takes(match, Ask("h", "/").header("x-a", "1").header("x-b", "232")));
  EXPECT_FALSE(takes(match, Ask("h", "/").header("x-a", "1")));
  EXPECT_FALSE(takes(match, Ask("h", "/").header("x-a", "1").header("x-b", "24")));
  EXPECT_TRUE(takes(match, Ask("h", "/").header("x-a", "0").header("x-a", "1").header("x-b", "2")));
}

TEST(Headers, RemovedFieldsDoNotCountAndHostIsTheAuthority) {
  MatchSpec match = prefix("/");
  match.headers = {{"x-a", "1"}};
  EXPECT_FALSE(takes(match, Ask("h", "/").header("x-a", "1", http::kRemoved)));
  match.headers = {{"host", "h"}};
  EXPECT_TRUE(takes(match, Ask("h", "/")));
  EXPECT_FALSE(takes(match, Ask("other", "/")));
}

TEST(Headers, OfEqualNamesTheFirstConditionCounts) {
  MatchSpec match = prefix("/");
  match.headers = {{"x-a", "1"}, {"x-a", "2"}};
  EXPECT_TRUE(takes(match, Ask("h", "/").header("x-a", "1")));
  EXPECT_FALSE(takes(match, Ask("h", "/").header("x-a", "2")));
}

TEST(Query, FirstOccurrenceCountsAndCaseMatters) {
  MatchSpec match = prefix("/");
  match.query = {{"Animal", "whale"}};
  EXPECT_TRUE(takes(match, Ask("h", "/").query("x=1&Animal=whale")));
  EXPECT_TRUE(takes(match, Ask("h", "/").query("Animal=whale&Animal=dog")));
  EXPECT_FALSE(takes(match, Ask("h", "/").query("Animal=dog&Animal=whale")));
  EXPECT_FALSE(takes(match, Ask("h", "/").query("animal=whale")));
  EXPECT_FALSE(takes(match, Ask("h", "/").query("Animal")));
  EXPECT_FALSE(takes(match, Ask("h", "/").query("&&Animal=Whale&")));
  EXPECT_FALSE(takes(match, Ask("h", "/")));
  match.query = {{"a", "[0-9]=?"}};
  match.query[0].regex = true;
  EXPECT_TRUE(takes(match, Ask("h", "/").query("a=1=")));
}

TEST(Regex, RefusesWhatRe2Refuses) {
  EXPECT_TRUE(check_regex("/a(b|c)*"));
  auto lookahead = check_regex("(?=x)");
  ASSERT_FALSE(lookahead);
  EXPECT_EQ(lookahead.error().code, base::ErrorCode::kInvalid);
  EXPECT_FALSE(check_regex(std::string(5000, 'a')));
  EXPECT_FALSE(check_regex("((a{100}){100}){100}")) << "a small text that needs a huge program";
  EXPECT_FALSE(Table::compile({{"l", "", {rule("r", {""}, {regex("(")})}}}));
  MatchSpec bad_value = prefix("/");
  bad_value.headers = {{"x", "[", true}};
  EXPECT_FALSE(Table::compile({{"l", "", {rule("r", {""}, {bad_value})}}}));
}

} // namespace
} // namespace kgw::route::test
