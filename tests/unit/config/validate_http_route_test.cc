#include <gmock/gmock.h>

#include "unit/config/load.h"

namespace kgw::config {
namespace {

using test::document;
using test::lines;
using test::load;
using test::payload;
using test::problem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string route(const std::string& spec) {
  return document("gateway.networking.k8s.io/v1", "HTTPRoute", "spec: " + spec);
}
std::string rule(const std::string& fields) { return route("{rules: [" + fields + "]}"); }

TEST(HttpRoute, DefaultsAreFilledIn) {
  auto empty = payload<HttpRoute>(route("{}"));
  ASSERT_EQ(empty.rules.size(), 1u);
  ASSERT_EQ(empty.rules[0].matches.size(), 1u);
  EXPECT_EQ(empty.rules[0].matches[0].path, "/");
  auto full = payload<HttpRoute>(route("{parentRefs: [{name: gw}], rules: [{backendRefs: [{name: b, port: 80}]}]}"));
  EXPECT_EQ(full.parents[0].group, "gateway.networking.k8s.io");
  EXPECT_EQ(full.parents[0].kind, "Gateway");
  EXPECT_EQ(full.rules[0].backends[0].kind, "Service");
  EXPECT_EQ(full.rules[0].backends[0].weight, 1u);
  EXPECT_FALSE(full.rules[0].own.timeout);
}

TEST(HttpRoute, ReadsEveryPartOfAMatch) {
  auto read = payload<HttpRoute>(rule("{name: one, matches: [{path: {type: Exact, value: /a}, method: POST, headers: "
                                      "[{name: X-A, value: b}, {name: x-a, value: c}, "
                                      "{type: RegularExpression, name: z, value: 'a.*'}], queryParams: [{name: Q, "
                                      "value: v}]}, {path: {type: RegularExpression, value: '/x/.*'}}]}"));
  const route::MatchSpec& match = read.rules[0].matches.at(0);
  EXPECT_EQ(match.path_kind, route::PathKind::kExact);
  EXPECT_EQ(match.method, "POST");
  // The second header differs in case only: it does not count.
  EXPECT_THAT(match.headers, ElementsAre(route::ValueMatch{"x-a", "b", false}, route::ValueMatch{"z", "a.*", true}));
  EXPECT_THAT(match.query, ElementsAre(route::ValueMatch{"Q", "v", false}));
  EXPECT_EQ(read.rules[0].matches.at(1).path_kind, route::PathKind::kRegex);
  EXPECT_EQ(read.rules[0].name, "one");
}

TEST(HttpRoute, HostnamesAreLowerCaseDnsNames) {
  EXPECT_THAT(lines(load(route("{hostnames: [a.b, '*.a.b']}"))), IsEmpty());
  for (const char* bad : {"A.b", "'*'", "'*b.c'", "a.*.b", "10.0.0.1", "'a:80'", "a..b", "''", "'::1'"}) {
    EXPECT_THAT(problem(route(std::string("{hostnames: [") + bad + "]}")),
                HasSubstr("spec.hostnames[0]: invalid value"))
        << bad;
  }
  EXPECT_THAT(problem(route("{hostnames: [a.b, a.b]}")), HasSubstr("duplicate value: got \"a.b\""));
}

TEST(HttpRoute, PathsFollowTheGatewayApi) {
  for (const char* good : {"/", "/a/b", "/a%20b", "/a/", "/a:b@c", "/a/..b", "/.well-known"}) {
    EXPECT_THAT(lines(load(rule(std::string("{matches: [{path: {value: '") + good + "'}}]}"))), IsEmpty()) << good;
  }
  for (const char* bad : {"a", "/a//b", "/a/./b", "/a/../b", "/a%2fb", "/a%2Fb", "/a#b", "/a/..", "/a/.", "/a b",
                          "/%zz", "/%2", "/ü", ""}) {
    EXPECT_THAT(problem(rule(std::string("{matches: [{path: {value: '") + bad + "'}}]}")),
                HasSubstr("path.value: invalid value"))
        << bad;
  }
  EXPECT_THAT(problem(rule("{matches: [{path: {value: '/" + std::string(1024, 'a') + "'}}]}")),
              HasSubstr("too long: got 1025 characters; need at most 1024"));
  EXPECT_THAT(problem(rule("{matches: [{path: {type: RegularExpression, value: '('}}]}")),
              HasSubstr("need an RE2 regular expression ("));
  EXPECT_THAT(problem(rule("{matches: [{path: {type: Prefix, value: /}}]}")),
              HasSubstr("unsupported value: got \"Prefix\"; need one of Exact, PathPrefix, RegularExpression"));
}

TEST(HttpRoute, MatchConditionsAreChecked) {
  EXPECT_THAT(problem(rule("{matches: [{method: get}]}")), HasSubstr("did you mean \"GET\"?"));
  EXPECT_THAT(problem(rule("{matches: [{headers: [{name: a, value: b}, {name: a, value: c}]}]}")),
              HasSubstr("headers[1]: duplicate value: got \"a\""));
  EXPECT_THAT(problem(rule("{matches: [{headers: [{name: 'a b', value: b}]}]}")), HasSubstr("need a header name"));
  EXPECT_THAT(problem(rule("{matches: [{headers: [{name: a, value: ''}]}]}")), HasSubstr("not empty"));
  EXPECT_THAT(problem(rule("{matches: [{headers: [{name: a}]}]}")),
              HasSubstr("headers[0].value: required value missing"));
  EXPECT_THAT(problem(rule("{matches: [{queryParams: [{name: a, value: b}, {name: a, value: c}]}]}")),
              HasSubstr("duplicate value"));
}

TEST(HttpRoute, ListsAreBounded) {
  std::string matches;
  for (int i = 0; i < 64; ++i) matches += "{method: GET},";
  std::string many = "{matches: [" + matches + "]}";
  EXPECT_THAT(problem(rule(many + "," + many + ", {matches: [{method: GET}]}")),
              HasSubstr("spec.rules: too many: got 129 matches; need at most 128"));
  EXPECT_THAT(problem(rule("{matches: [" + matches + "{method: GET}]}")),
              HasSubstr("too many: got 65 items; need at most 64"));
  EXPECT_THAT(problem(route("{rules: []}")), HasSubstr("too few"));
  EXPECT_THAT(problem(rule("{name: a}, {name: a}")), HasSubstr("rules[1]: duplicate value: got \"a\""));
}

TEST(HttpRoute, SeveralReferencesToOneParentAreToldApart) {
  EXPECT_THAT(
      lines(load(route(
          "{parentRefs: [{name: a, sectionName: x}, {name: a, sectionName: z}, {name: a, port: 80}, {name: b}]}"))),
      IsEmpty());
  EXPECT_THAT(problem(route("{parentRefs: [{name: a, sectionName: x}, {name: a}]}")),
              HasSubstr("parentRefs[1]: duplicate value"));
  EXPECT_THAT(problem(route("{parentRefs: [{name: a, port: 80}, {name: a, port: 80}]}")),
              HasSubstr("another sectionName or port"));
}

TEST(HttpRoute, BackendsNeedAPortWhenTheyAreServices) {
  EXPECT_THAT(problem(rule("{backendRefs: [{name: a}]}")), HasSubstr("backendRefs[0].port: required value missing"));
  EXPECT_THAT(lines(load(rule("{backendRefs: [{group: gateway.kgateway.dev, kind: Backend, name: a, weight: 0}]}"))),
              IsEmpty());
  EXPECT_THAT(problem(rule("{backendRefs: [{name: a, port: 80, weight: 1000001}]}")),
              HasSubstr("need an integer from 0 to 1000000"));
  EXPECT_THAT(problem(rule("{backendRefs: [{name: a, port: 0070}]}")),
              HasSubstr("got 0070; need an integer from 1 to 65535 (in plain decimal digits)"));
  EXPECT_THAT(problem(rule("{backendRefs: [{name: a, port: 65536}]}")), HasSubstr("got 65536"));
}

TEST(HttpRoute, FiltersNameExactlyOneBody) {
  auto read = payload<HttpRoute>(
      rule("{filters: [{type: ExtensionRef, extensionRef: {group: gateway.solo.io, kind: RouteOption, name: a}}]}"));
  EXPECT_EQ(read.rules[0].extension_refs.at(0).name, "a");
  EXPECT_THAT(problem(rule("{filters: [{type: ExtensionRef}]}")), HasSubstr("need extensionRef for type ExtensionRef"));
  EXPECT_THAT(
      problem(rule("{filters: [{type: ExtensionRef, urlRewrite: {}, extensionRef: {group: g, kind: K, name: a}}]}")),
      HasSubstr("need no urlRewrite in a filter of type ExtensionRef"));
  EXPECT_THAT(problem(rule("{filters: [{type: Extension}]}")), HasSubstr("unsupported value: got \"Extension\""));
}

TEST(HttpRoute, WhatIsNotBuiltSaysSo) {
  EXPECT_THAT(problem(rule("{sessionPersistence: {}}")), HasSubstr("not supported yet"));
  EXPECT_THAT(problem(rule("{backendRefs: [{name: a, port: 1, filters: [{type: x}]}]}")),
              HasSubstr("backendRefs[0].filters: not supported yet"));
  EXPECT_THAT(problem(route("{useDefaultGateways: All}")), HasSubstr("not supported by kgwcore"));
  const std::pair<const char*, const char*> filters[] = {{"RequestHeaderModifier", "requestHeaderModifier"},
                                                         {"ResponseHeaderModifier", "responseHeaderModifier"},
                                                         {"RequestRedirect", "requestRedirect"},
                                                         {"URLRewrite", "urlRewrite"},
                                                         {"RequestMirror", "requestMirror"},
                                                         {"CORS", "cors"}};
  for (const auto& [type, field] : filters) {
    EXPECT_EQ(problem(rule(std::string("{filters: [{type: ") + type + ", " + field + ": {}}]}")),
              "spec.rules[0].filters[0].type: not supported yet by kgwcore (accepted by kgateway)");
  }
  Validated guarded = load(rule("{filters: [{type: ExternalAuth, externalAuth: {}}]}"));
  EXPECT_TRUE(guarded.protection);
  EXPECT_EQ(guarded.problems.at(0).problem_class, ProblemClass::kNotSupported);
}

} // namespace
} // namespace kgw::config
