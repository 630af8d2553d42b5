#include "config/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kgw::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Node& only(const ParsedText& parsed) {
  static const Node kEmpty;
  EXPECT_EQ(parsed.documents.size(), 1u);
  for (const Diagnostic& problem : parsed.problems) ADD_FAILURE() << problem.line();
  return parsed.documents.size() == 1 ? parsed.documents[0].root : kEmpty;
}

std::string problem(const std::string& text, const ParseLimits& limits = {}) {
  ParsedText parsed = parse_text(text, "f.yaml", limits);
  EXPECT_TRUE(parsed.documents.empty());
  return parsed.problems.size() == 1 ? parsed.problems[0].line() : "no problem";
}

TEST(Scalars, AreReadAsKubectlReadsThem) {
  ParsedText parsed = parse_text(
      "[a, 1, -7, 1.5, true, yes, on, off, null, ~, 0700, 0x1F, 1e3, 08, .5, 1_000, 'x', \"1\", '', +3]", "f");
  const Node& root = only(parsed);
  EXPECT_EQ(root.to_json().dump(),
            R"(["a",1,-7,1.5,true,true,true,false,null,null,448,31,1000.0,8.0,0.5,1000,"x","1","",3])");
  EXPECT_EQ(root.list.at(10).text, "0700");
  EXPECT_EQ(root.list.at(17).kind, Node::Kind::kString);
  EXPECT_TRUE(root.list.at(17).quoted);
  EXPECT_FALSE(root.list.at(0).quoted);
}

TEST(Scalars, TagsOfTheCoreSchemaAreHonoured) {
  EXPECT_EQ(only(parse_text("[!!str 5, !!int '5', ! 5]", "f")).to_json().dump(), R"(["5",5,"5"])");
  EXPECT_THAT(problem("a: !!binary aGk="), HasSubstr("f.yaml:1:4: syntax error: got the tag"));
}

TEST(Positions, AreOfTheValueAndOfTheKey) {
  ParsedText parsed = parse_text("# comment\na:\n  b:\n  - x\n  - c:   5\n", "f");
  const Node& a = only(parsed).map.at(0).second;
  EXPECT_EQ(a.key_at.at(0).line, 3);
  EXPECT_EQ(a.key_at.at(0).column, 3);
  const Node& c = a.get("b")->list.at(1).map.at(0).second;
  EXPECT_EQ(c.at.line, 5);
  EXPECT_EQ(c.at.column, 10);
}

TEST(Documents, EmptyOnesAreLeftOut) {
  EXPECT_EQ(parse_text("---\n# nothing\n---\na: 1\n---\n...\n---\nb: 2\n", "f").documents.size(), 2u);
  EXPECT_TRUE(parse_text("", "f").documents.empty());
  EXPECT_TRUE(parse_text("# only\n", "f").problems.empty());
  EXPECT_EQ(parse_text("a: 1\n...\nb: 2\n", "f").documents.size(), 2u);
}

TEST(Documents, ListsAreTakenApart) {
  ParsedText parsed =
      parse_text("kind: List\nitems:\n- {a: 1}\n- {kind: HTTPRouteList, items: [{b: 2}, {c: 3}]}\n", "f");
  EXPECT_EQ(parsed.documents.size(), 3u);
  EXPECT_EQ(parsed.documents.at(2).root.at.line, 4);
  EXPECT_EQ(parse_text("kind: AllowList\nspec: 1\n", "f").documents.size(), 1u);
}

TEST(Keys, TwiceIsAnErrorAtTheSecondOne) {
  EXPECT_EQ(problem("a: 1\nb:\n  c: 1\n  c: 2\n"),
            "f.yaml:4:3: duplicate field: got \"c\" twice; need each field once");
  EXPECT_THAT(problem("{\"a\": 1, \"a\": 2}"), HasSubstr("f.yaml:1:10: duplicate field"));
}

TEST(Keys, MergesAreExpandedAndOwnKeysWin) {
  ParsedText parsed =
      parse_text("base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nc:\n  y: 9\n  <<: [*b, *m]\nd: {'<<': 5}\n", "f");
  EXPECT_EQ(only(parsed).get("c")->to_json().dump(), R"({"x":1,"y":9,"z":4})");
  EXPECT_EQ(only(parsed).get("d")->to_json().dump(), R"({"<<":5})");
  EXPECT_THAT(problem("a: {<<: 5}"), HasSubstr("merge key"));
}

TEST(Syntax, WhatTheParserWouldLetPassIsCaught) {
  EXPECT_THAT(problem("[a] b"), HasSubstr("f.yaml:1:5: syntax error: text after the end of the document"));
  EXPECT_THAT(problem("a: \"x\n"), HasSubstr("syntax error"));
  EXPECT_THAT(problem("a: 1\nb: \"x\n\n"), HasSubstr("f.yaml:2:4: syntax error: this quote is never closed"));
  EXPECT_THAT(problem("a: &x [*x]"), HasSubstr("an alias inside its own anchor"));
  EXPECT_THAT(problem("? [a]\n: b"), HasSubstr("a key that is no text"));
  EXPECT_THAT(problem("a: b\x04\nc: d"), HasSubstr("f.yaml:1:5: syntax error: got the byte 0x04"));
  EXPECT_THAT(problem("a: \xC3("), HasSubstr("well-formed UTF-8"));
  EXPECT_THAT(problem("a: b: c"), HasSubstr("f.yaml:1:5: syntax error"));
}

TEST(Syntax, OneSlipRejectsTheWholeText) {
  ParsedText parsed = parse_text("a: 1\n---\nb: [\n", "f");
  EXPECT_TRUE(parsed.documents.empty());
  EXPECT_EQ(parsed.problems.size(), 1u);
}

TEST(Syntax, WrappersOfDocumentationAreNamed) {
  EXPECT_THAT(problem("kubectl apply -f- <<EOF\nkind: X\nEOF\n"),
              HasSubstr("f.yaml:1:1: syntax error: got a shell command"));
  EXPECT_THAT(problem("# from the page\n\n$ cat <<EOF | x\n"),
              HasSubstr("f.yaml:3:1: syntax error: got a shell command"));
  EXPECT_THAT(problem("{{< reuse \"x\" >}}\nkind: X\n"), HasSubstr("template directive"));
  EXPECT_THAT(problem("```yaml\nkind: X\n"), HasSubstr("Markdown fence"));
}

TEST(Limits, BoundBytesDepthAndExpandedAliases) {
  EXPECT_EQ(problem("a: 12345678", {.bytes = 10}), "f.yaml:1:1: too long: got 11 bytes; need at most 10");
  EXPECT_THAT(problem(std::string(65, '[') + std::string(65, ']')),
              HasSubstr("f.yaml:1:65: too many: got a deeper nesting"));
  EXPECT_TRUE(parse_text(std::string(64, '[') + std::string(64, ']'), "f").problems.empty());
  std::string laugh = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    std::string to = "*a" + std::to_string(i - 1);
    laugh += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + to;
    for (int j = 0; j < 9; ++j) laugh += ", " + to;
    laugh += "]\n";
  }
  EXPECT_THAT(problem(laugh, {.nodes = 10'000}), HasSubstr("aliases expanded"));
  EXPECT_THAT(problem("a: &a '" + std::string(1000, 'x') + "'\nb: [*a, *a, *a, *a]", {.nodes = 50}),
              HasSubstr("aliases expanded"));
}

TEST(Limits, AliasesDoNotHideDepth) {
  std::string deep = "a: &a " + std::string(40, '[') + std::string(40, ']') + "\nb: " + std::string(30, '[') + "*a" +
                     std::string(30, ']');
  EXPECT_THAT(problem(deep), HasSubstr("a deeper nesting"));
}

TEST(Json, IsReadWithPositionsAndWithTabs) {
  EXPECT_EQ(only(parse_text("{\"a\": {\"b\": \"1\"}}", "f")).get("a")->get("b")->at.column, 13);
  EXPECT_EQ(only(parse_text("{\n\t\"a\": \"\\ud83d\\ude00\"\n}", "f")).get("a")->text, "\xF0\x9F\x98\x80");
  EXPECT_THAT(problem("{\n\t\"a\": \"\\ud83d\\ude00\", \"a\": 1\n}"), HasSubstr("duplicate field"));
}

TEST(Json, TreesKeepTypesAndEndAtACertainDepth) {
  auto json = nlohmann::json::parse(R"({"a": 1, "b": "1", "c": null, "d": [true, 1.5], "e": {}})");
  EXPECT_EQ(node_from_json(json).to_json(), json);
  EXPECT_EQ(node_from_json(json).get("c"), nullptr);
  nlohmann::json deep = 1;
  for (int i = 0; i < 10'000; ++i) deep = nlohmann::json::array({std::move(deep)});
  EXPECT_EQ(node_from_json(deep).kind, Node::Kind::kList);
}

} // namespace
} // namespace kgw::config
