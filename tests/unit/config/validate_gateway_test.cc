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

std::string gateway(const std::string& spec) {
  return document("gateway.networking.k8s.io/v1", "Gateway", "spec: {gatewayClassName: any, " + spec + "}");
}
std::string listener(const std::string& fields) { return gateway("listeners: [{name: l, port: 80, " + fields + "}]"); }

TEST(Gateway, ReadsListenersWithDefaults) {
  auto read = payload<Gateway>(listener("protocol: HTTP"));
  const Listener& one = read.listeners.at(0);
  EXPECT_EQ(one.name, "l");
  EXPECT_EQ(one.port, 80);
  EXPECT_EQ(one.hostname, "");
  EXPECT_EQ(one.from, Listener::From::kSame);
  EXPECT_TRUE(one.certificates.empty());
  EXPECT_EQ(read.class_name, "any");
}

TEST(Gateway, ReadsSelectorsAndKinds) {
  auto read = payload<Gateway>(listener(
      "protocol: HTTP, hostname: '*.a.b', allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {x: z}, "
      "matchExpressions: ["
      "{key: k, operator: NotIn, values: [v, w]}, {key: e, operator: Exists}]}}, kinds: [{kind: HTTPRoute}]}"));
  const Listener& one = read.listeners.at(0);
  EXPECT_EQ(one.from, Listener::From::kSelector);
  ASSERT_EQ(one.selector.size(), 3u);
  EXPECT_EQ(one.selector[0].op, LabelRequirement::Operator::kIn);
  EXPECT_THAT(one.selector[1].values, ElementsAre("v", "w"));
  EXPECT_EQ(one.selector[2].op, LabelRequirement::Operator::kExists);
  EXPECT_EQ(one.kinds.at(0).group, "gateway.networking.k8s.io");
}

TEST(Gateway, ListenersDiffer) {
  EXPECT_THAT(problem(gateway("listeners: [{name: a, port: 80, protocol: HTTP}, {name: a, port: 81, protocol: HTTP}]")),
              HasSubstr("listeners[1]: duplicate value: got \"a\""));
  EXPECT_THAT(problem(gateway("listeners: [{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTP}]")),
              HasSubstr("need port, protocol and hostname to differ"));
  EXPECT_THAT(
      lines(load(gateway(
          "listeners: [{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTP, hostname: x.y}]"))),
      IsEmpty());
  EXPECT_THAT(problem(gateway("listeners: []")), HasSubstr("too few"));
  EXPECT_THAT(problem(gateway("addresses: []")), HasSubstr("spec.listeners: required value missing"));
}

TEST(Gateway, ProtocolsAreKnownOrDomainPrefixed) {
  EXPECT_THAT(lines(load(listener("protocol: TCP"))), IsEmpty());
  EXPECT_THAT(lines(load(listener("protocol: example.com/QUIC"))), IsEmpty());
  EXPECT_THAT(problem(listener("protocol: http")), HasSubstr("need one of HTTP, HTTPS, TLS, TCP, UDP, or DOMAIN/NAME"));
  EXPECT_THAT(problem(listener("protocol: TCP, hostname: a.b")),
              HasSubstr("no hostname on a listener with protocol TCP"));
  EXPECT_THAT(problem(gateway("listeners: [{name: l, port: 0, protocol: HTTP}]")),
              HasSubstr("need an integer from 1 to 65535"));
}

TEST(Gateway, TlsFitsTheProtocol) {
  EXPECT_THAT(lines(load(listener("protocol: HTTPS, tls: {certificateRefs: [{name: cert}]}"))), IsEmpty());
  EXPECT_THAT(lines(load(listener("protocol: TLS, tls: {mode: Passthrough}"))), IsEmpty());
  EXPECT_THAT(lines(load(listener("protocol: HTTPS, tls: {options: {a/b: c}}"))), IsEmpty());
  EXPECT_THAT(problem(listener("protocol: HTTPS, tls: {}")), HasSubstr("need a certificate for mode Terminate"));
  EXPECT_THAT(problem(listener("protocol: HTTPS, tls: {mode: Passthrough}")),
              HasSubstr("need Terminate on a listener with protocol HTTPS"));
  EXPECT_THAT(problem(listener("protocol: HTTP, tls: {certificateRefs: [{name: cert}]}")),
              HasSubstr("no tls on a listener with protocol HTTP"));
  Validated guarded = load(gateway("listeners: [{name: l, port: 80, protocol: HTTP}], tls: {frontend: {}}"));
  EXPECT_TRUE(guarded.protection);
}

TEST(Gateway, SelectorsAreConsistent) {
  EXPECT_THAT(problem(listener("protocol: HTTP, allowedRoutes: {namespaces: {from: All, selector: {}}}")),
              HasSubstr("need no selector with from All"));
  EXPECT_THAT(problem(listener("protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: "
                               "{matchExpressions: [{key: a, operator: In}]}}}")),
              HasSubstr("need values for In and NotIn"));
  EXPECT_THAT(problem(listener("protocol: HTTP, allowedRoutes: {namespaces: {from: all}}")),
              HasSubstr("did you mean \"All\"?"));
}

TEST(Gateway, AddressesAreIpAddressesUnlessTheySayOtherwise) {
  const std::string base = "listeners: [{name: l, port: 80, protocol: HTTP}], addresses: ";
  EXPECT_EQ(payload<Gateway>(gateway(base + "[{value: 127.0.0.1}, {type: Hostname, value: a.b}, {value: '::1'}]"))
                .addresses.size(),
            3u);
  EXPECT_THAT(problem(gateway(base + "[{value: localhost}]")), HasSubstr("need an IP address"));
  EXPECT_THAT(problem(gateway(base + "[{value: 127.0.0.1}, {value: 127.0.0.1}]")), HasSubstr("each address once"));
}

TEST(Gateway, FromSelectorNeedsASelector) {
  EXPECT_THAT(problem(listener("protocol: HTTP, allowedRoutes: {namespaces: {from: Selector}}")),
              HasSubstr("need a selector with from Selector"));
  payload<Gateway>(listener("protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {}}}"));
}

TEST(Gateway, EmptyOptionsAreNoCertificate) {
  EXPECT_THAT(problem(listener("protocol: HTTPS, tls: {options: {}}")), HasSubstr("need a certificate"));
  payload<Gateway>(listener("protocol: HTTPS, tls: {options: {a.b/c: d}}"));
}

} // namespace
} // namespace kgw::config
