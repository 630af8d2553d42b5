#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/route/fixture.h"

namespace kgw::route {

void PrintTo(const Rejection& r, std::ostream* out) { *out << r.rule << ": " << r.reason; }

namespace test {
namespace {

using testing::ElementsAre;
using testing::FieldsAre;

TEST(Explain, SaysWhyEachCandidateDidNotFit) {
  MatchSpec method = prefix("/"), header = prefix("/"), query = prefix("/");
  method.method = "POST";
  header.headers = {{"x-a", "1"}};
  query.query = {{"q", "[a]", true}};
  auto made = table({rule("1", {""}, {exact("/b")}), rule("2", {""}, {regex("/c.*")}), rule("3", {""}, {prefix("/d")}),
                     rule("4", {""}, {method}), rule("5", {""}, {header}), rule("6", {""}, {query}),
                     rule("7", {""}, {}), rule("8", {""}, {}), rule("9", {"a.b"}, {})});
  Ask ask("h", "/a");
  EXPECT_THAT(made->explain(ask.request()),
              ElementsAre(FieldsAre("1", R"(path "/a" is not exactly "/b")"),
                          FieldsAre("2", R"(path "/a" does not match the expression "/c.*")"),
                          FieldsAre("3", R"(path "/a" is not below "/d")"), FieldsAre("4", "method GET is not POST"),
                          FieldsAre("5", R"(header x-a is not "1")"),
                          FieldsAre("6", R"(query parameter q does not match "[a]")"),
                          FieldsAre("8", "not tried: 7 comes first"),
                          FieldsAre("9", R"(no hostname of "a.b" covers "h" as closely as "")")));
}

TEST(Explain, NamesHostsAndListeners) {
  auto made = Table::compile({{"l", "*.b", {rule("r", {"x.b"}, {})}}}).value();
  Ask outside("c", "/"), inside("y.b", "/");
  EXPECT_THAT(made->explain(outside.request()), ElementsAre(FieldsAre("", R"(no listener covers host "c")")));
  EXPECT_THAT(made->explain(inside.request()), ElementsAre(FieldsAre("r", R"(no hostname of "x.b" covers "y.b")")));
}

TEST(Rows, StandInTheOrderOfTrying) {
  MatchSpec narrow = prefix("/x");
  narrow.method = "GET";
  narrow.headers = {{"h", "1"}};
  narrow.query = {{"q", ".", true}};
  RuleSpec first = rule("r", {"", "*.b", "a.b"}, {prefix("/"), narrow});
  first.action = 7;
  auto made = Table::compile({{"any", "", {first}}, {"wild", "*.c", {rule("s", {"*.c"}, {exact("/s")})}}}).value();
  std::vector<std::string> lines;
  for (const Row& row : made->rows()) {
    lines.push_back(row.listener + " " + row.hostname + " " + row.path_kind + " " + row.path + " " + row.method + " " +
                    row.conditions + " " + row.rule + " " + std::to_string(row.action));
  }
  EXPECT_THAT(lines, ElementsAre("wild *.c Exact /s   s 0", "any a.b PathPrefix /x GET header h=1, query q~. r 7",
                                 "any a.b PathPrefix /   r 7", "any *.b PathPrefix /x GET header h=1, query q~. r 7",
                                 "any *.b PathPrefix /   r 7", "any  PathPrefix /x GET header h=1, query q~. r 7",
                                 "any  PathPrefix /   r 7"));
}

} // namespace
} // namespace test
} // namespace kgw::route
