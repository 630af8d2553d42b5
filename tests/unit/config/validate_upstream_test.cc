// Upstream, in both groups.

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

std::string upstream(const std::string& spec) { return document("gloo.solo.io/v1", "Upstream", "spec: " + spec); }
std::string fixed(const std::string& fields) { return upstream("{static: {" + fields + "}}"); }
std::string host(const std::string& fields) { return fixed("hosts: [{addr: a.b, port: 80, " + fields + "}]"); }
std::string of_kgateway(const std::string& spec) {
  return document("gateway.kgateway.dev/v1alpha1", "Upstream", "spec: " + spec);
}

TEST(GlooUpstream, ReadsItsHosts) {
  auto read = payload<Backend>(fixed("hosts: [{addr: a.b, port: 8080}, {addr: '::1', port: 81, loadBalancingWeight: 1, "
                                     "sniAddr: c.d}], autoSniRewrite: false"));
  ASSERT_EQ(read.hosts.size(), 2u);
  EXPECT_EQ(read.hosts[0].host, "a.b");
  EXPECT_EQ(read.hosts[0].port, 8080);
  EXPECT_EQ(read.hosts[0].weight, 1u);
  EXPECT_EQ(read.hosts[0].server_name, "") << "its own name, whatever autoSniRewrite says";
  EXPECT_EQ(read.hosts[1].server_name, "c.d");
  EXPECT_FALSE(read.tls);
}

TEST(GlooUpstream, HasTlsByWordOrByPort443) {
  auto tls = [](const std::string& port, const std::string& rest) {
    return payload<Backend>(fixed("hosts: [{addr: a, port: 80}, {addr: b, port: " + port + "}]" + rest)).tls;
  };
  EXPECT_FALSE(tls("8443", ""));
  EXPECT_TRUE(tls("8443", ", useTls: true"));
  EXPECT_TRUE(tls("443", ""));
  EXPECT_TRUE(tls("443", ", useTls: null"));
  EXPECT_FALSE(tls("443", ", useTls: false"));
}

TEST(GlooUpstream, IsStrict) {
  EXPECT_THAT(problem(upstream("{}")), HasSubstr("spec.static: required value missing"));
  EXPECT_THAT(problem(fixed("")), HasSubstr("spec.static.hosts: required value missing"));
  EXPECT_THAT(problem(fixed("hosts: []")), HasSubstr("too few"));
  EXPECT_THAT(problem(fixed("hosts: [{port: 80}]")), HasSubstr("hosts[0].addr: required value missing"));
  EXPECT_THAT(problem(fixed("hosts: [{addr: a}]")), HasSubstr("hosts[0].port: required value missing"));
  EXPECT_THAT(problem(fixed("hosts: [{addr: 'a:1', port: 80}]")), HasSubstr("need a DNS name or an IP address"));
  EXPECT_THAT(problem(fixed("hosts: [{addr: a, port: 0}]")), HasSubstr("need an integer from 1 to 65535"));
  EXPECT_THAT(problem(host("loadBalancingWeight: 0")), HasSubstr("need an integer from 1"));
  EXPECT_THAT(problem(host("sniAddr: 'https://a'")), HasSubstr("hosts[0].sniAddr: invalid value"));
  EXPECT_THAT(problem(fixed("hosts: [{addr: a, port: 80}], useTls: 'true'")), HasSubstr("need true or false"));
  EXPECT_THAT(problem(fixed("hosts: [{addr: a, port: 80}], useTsl: true")), HasSubstr("did you mean \"useTls\"?"));
  EXPECT_THAT(lines(load(fixed("hosts: [{host: a, port: 80}]"))),
              ElementsAre(HasSubstr("addr: required value missing"), HasSubstr("unknown field: got \"host\"")));
}

TEST(GlooUpstream, NamesWhatIsNotBuilt) {
  for (const char* type : {"kube", "pipe", "aws", "azure", "consul", "awsEc2", "gcp", "ai"}) {
    EXPECT_THAT(problem(upstream(std::string("{") + type + ": {x: z}}")),
                HasSubstr(std::string("spec.") + type + ": not supported yet"));
  }
  for (const char* field : {"sslConfig: {sni: a}", "healthChecks: [{}]", "outlierDetection: {}", "circuitBreakers: {}",
                            "failover: {}", "useHttp2: true"}) {
    EXPECT_THAT(problem(upstream(std::string("{static: {hosts: [{addr: a, port: 80}]}, ") + field + "}")),
                HasSubstr("not supported yet"))
        << field;
  }
  EXPECT_THAT(problem(host("healthCheckConfig: {path: /}")), HasSubstr("not supported yet"));
  EXPECT_THAT(problem(host("loadBalancingWeight: 3")), HasSubstr("loadBalancingWeight: not built yet"));
  EXPECT_THAT(problem(upstream("{static: {hosts: [{addr: a, port: 80}]}, sslConfg: {}}")),
              HasSubstr("did you mean \"sslConfig\"?"));
  EXPECT_THAT(lines(load(upstream("{static: {hosts: [{addr: a, port: 80}]}, discoveryMetadata: {labels: {a: b}}}"))),
              IsEmpty());
}

TEST(GlooUpstream, TakesSnakeCaseWithAWord) {
  Validated read = load(fixed("hosts: [{addr: a, port: 80, sni_addr: c}], use_tls: true"));
  EXPECT_THAT(lines(read), ElementsAre(HasSubstr("as sniAddr only"), HasSubstr("as useTls only")));
  EXPECT_TRUE(std::get<Backend>(read.object->payload).tls);
}

TEST(KgatewayUpstream, IsWhatBackendIs) {
  auto read = payload<Backend>(of_kgateway("{static: {hosts: [{host: localhost, port: 443}]}}"));
  EXPECT_EQ(read.hosts.at(0).host, "localhost");
  EXPECT_FALSE(read.tls);
  EXPECT_THAT(problem(of_kgateway("{static: {hosts: []}}")), HasSubstr("too few"));
  EXPECT_THAT(lines(load(of_kgateway("{static: {hosts: [{addr: a, port: 80}]}}"))),
              ElementsAre(HasSubstr("host: required value missing"), HasSubstr("unknown field: got \"addr\"")));
  EXPECT_THAT(problem(of_kgateway("{static: {hosts: [{host: a, port: 80}]}, ai: {}}")),
              HasSubstr("spec.ai: not supported by kgwcore"));
}

} // namespace
} // namespace kgw::config
