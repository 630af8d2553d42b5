#include <gtest/gtest.h>

#include "config/objects.h"

namespace kgw::config {
namespace {

TEST(Kinds, AliasesNameOneKindInAnyCase) {
  for (const char* alias :
       {"httproute", "httproutes", "HTTPRoute", "HTTPROUTES", "httproutes.gateway.networking.k8s.io"}) {
    ASSERT_NE(find_alias(alias), nullptr) << alias;
    EXPECT_EQ(find_alias(alias)->kind, Kind::kHttpRoute) << alias;
  }
  EXPECT_EQ(find_alias("svc")->kind, Kind::kService);
  EXPECT_EQ(find_alias("ns")->kind, Kind::kNamespace);
  EXPECT_EQ(find_alias("gtw")->kind, Kind::kGateway);
  EXPECT_EQ(find_alias("gc")->kind, Kind::kGatewayClass);
  EXPECT_EQ(find_alias("refgrant")->kind, Kind::kReferenceGrant);
  EXPECT_EQ(find_alias("rto")->group, "gateway.solo.io");
  EXPECT_EQ(find_alias("routeoption.gateway.kgateway.dev")->group, "gateway.kgateway.dev");
  for (const char* alias : {"upstream", "us", "upstreams.gloo.solo.io"}) {
    ASSERT_NE(find_alias(alias), nullptr) << alias;
    EXPECT_EQ(find_alias(alias)->kind, Kind::kGlooUpstream) << alias;
  }
  for (const char* alias : {"up", "upstream.gateway.kgateway.dev"}) {
    ASSERT_NE(find_alias(alias), nullptr) << alias;
    EXPECT_EQ(find_alias(alias)->kind, Kind::kKgatewayUpstream) << alias;
  }
  EXPECT_EQ(find_alias("trafficpolicy")->kind, Kind::kTrafficPolicy);
  EXPECT_EQ(find_alias("backendconfigpolicies")->kind, Kind::kBackendConfigPolicy);
  EXPECT_EQ(find_alias("xbtrafficpolicy")->kind, Kind::kBackendTrafficPolicy);
  EXPECT_EQ(find_alias("gateways.gateway.solo.io"), nullptr);
  EXPECT_EQ(find_alias("nothing"), nullptr);
}

TEST(Kinds, EveryRowHasAVersionAndIsFoundByGroupAndName) {
  for (const KindInfo& info : kind_table()) {
    EXPECT_FALSE(info.versions.empty()) << info.kind_name;
    EXPECT_EQ(find_kind(info.group, info.kind_name), &info) << info.kind_name;
    EXPECT_NE(find_alias(info.plural), nullptr) << info.plural;
  }
}

TEST(Kinds, AnIdentityIsWrittenAsInMessages) {
  EXPECT_EQ((Identity{Kind::kService, "", "Service", "httpbin", "web"}).text(), "Service httpbin/web");
  EXPECT_EQ((Identity{Kind::kNamespace, "", "Namespace", "", "web"}).text(), "Namespace web");
}

} // namespace
} // namespace kgw::config
