#include <gmock/gmock.h>

#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

std::string gateway(const std::string& name, const std::string& listeners, const std::string& extra = "") {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: " + name +
         ", namespace: infra}\nspec:\n  gatewayClassName: any\n  listeners: [" + listeners + "]\n" + extra + "---\n";
}
const char* kHttp = "{name: http, port: 8080, protocol: HTTP}";

TEST(Listeners, BindTheHostByDefault) {
  World world;
  world.options.host = "127.0.0.9";
  world.load(gateway("gw", kHttp));
  const auto& bound = world.bound("infra/gw/http");
  EXPECT_EQ(bound.address, "127.0.0.9");
  EXPECT_EQ(bound.port, 8080);
  EXPECT_EQ(bound.logical_port, 8080);
  EXPECT_EQ(world.object("gateway", "infra", "gw").status["addresses"][0],
            (nlohmann::json{{"type", "IPAddress"}, {"value", "127.0.0.9"}}));
}

TEST(Listeners, OwnAddressesBeatTheHostAndAreAllBound) {
  World world;
  world.load(gateway("gw", kHttp, "  addresses: [{value: 127.0.0.2}, {type: IPAddress, value: 127.0.0.3}]\n"));
  ASSERT_EQ(world.spec.listeners.size(), 2u);
  EXPECT_EQ(world.spec.listeners[0].address, "127.0.0.2");
  EXPECT_EQ(world.spec.listeners[1].address, "127.0.0.3");
}

TEST(Listeners, ListenBeatsBothByAnUnambiguousSuffix) {
  World world;
  world.options.listens = {{"gw/http", "127.0.0.7", 0}, {"admin", "127.0.0.8", 9000}, {"nobody", "127.0.0.1", 1}};
  world.load(gateway("gw", std::string(kHttp) + ", {name: admin, port: 8081, protocol: HTTP}",
                     "  addresses: [{value: 127.0.0.2}]\n"));
  EXPECT_EQ(world.bound("infra/gw/http").address, "127.0.0.7");
  EXPECT_EQ(world.bound("infra/gw/http").port, 0);
  EXPECT_EQ(world.bound("infra/gw/http").logical_port, 8080);
  EXPECT_EQ(world.bound("infra/gw/admin").port, 9000);
  EXPECT_THAT(world.warning_lines(), Contains("warning: --listen nobody: no listener has this name yet"));
  world.load(gateway("other", "{name: admin, port: 8082, protocol: HTTP}"));
  EXPECT_EQ(world.bound("infra/gw/admin").port, 8081);
  EXPECT_THAT(world.warning_lines(),
              Contains(HasSubstr("names several listeners (infra/gw/admin, infra/other/admin)")));
}

TEST(Listeners, NoOneWinsAConflict) {
  World world;
  world.load(gateway("a", std::string(kHttp) + ", {name: own, port: 8081, protocol: HTTP}") + gateway("b", kHttp));
  EXPECT_EQ(world.listener("a", "http", "Conflicted"), "True HostnameConflict");
  EXPECT_EQ(world.listener("b", "http", "Conflicted"), "True HostnameConflict");
  EXPECT_EQ(world.listener("a", "own", "Conflicted"), "False NoConflicts");
  EXPECT_EQ(world.gateway("a", "Accepted"), "True ListenersNotValid");
  EXPECT_EQ(world.gateway("b", "Accepted"), "False ListenersNotValid");
  ASSERT_EQ(world.spec.listeners.size(), 1u);
  EXPECT_EQ(world.spec.listeners[0].routes.name, "infra/a/own");
}

TEST(Listeners, DifferentHostnamesShareAPlace) {
  World world;
  world.load(gateway(
      "a", "{name: x, port: 8080, protocol: HTTP, hostname: x.example}, {name: any, port: 8080, protocol: HTTP}"));
  EXPECT_EQ(world.spec.listeners.size(), 2u);
  EXPECT_EQ(world.listener("a", "x", "Conflicted"), "False NoConflicts");
}

TEST(Listeners, UnsupportedProtocolsAndAddresses) {
  World world;
  world.load(
      gateway("tcp", "{name: t, port: 8081, protocol: TCP}, " + std::string(kHttp)) +
      gateway("named", "{name: h, port: 8082, protocol: HTTP}", "  addresses: [{type: Hostname, value: a.example}]\n"));
  EXPECT_EQ(world.listener("tcp", "t", "Accepted"), "False UnsupportedProtocol");
  EXPECT_THAT(world.object("gateway", "infra", "tcp").status["listeners"][0]["supportedKinds"], IsEmpty());
  EXPECT_EQ(world.gateway("tcp", "Accepted"), "True ListenersNotValid");
  EXPECT_EQ(world.gateway("named", "Accepted"), "False UnsupportedAddress");
  EXPECT_EQ(world.gateway("named", "Programmed"), "False Invalid");
  EXPECT_EQ(world.spec.listeners.size(), 1u);
  EXPECT_THAT(world.warning_lines(),
              Contains(HasSubstr("spec.listeners[0]: listener t: protocol TCP is not served: it is not opened")));
  EXPECT_THAT(world.warning_lines(), Contains(HasSubstr("spec.addresses: addresses of type Hostname are not served")));
}

TEST(Listeners, UnknownRouteKindsAreNamedAndKnownOnesWork) {
  World world;
  world.load(gateway("gw",
                     "{name: both, port: 1, protocol: HTTP, allowedRoutes: {kinds: [{kind: HTTPRoute}, {kind: Odd}]}}, "
                     "{name: odd, port: 2, protocol: HTTP, allowedRoutes: {kinds: [{kind: Odd}]}}"));
  EXPECT_EQ(world.listener("gw", "both", "ResolvedRefs"), "False InvalidRouteKinds");
  const auto& listeners = world.object("gateway", "infra", "gw").status["listeners"];
  EXPECT_EQ(listeners[0]["supportedKinds"],
            (nlohmann::json{{{"group", "gateway.networking.k8s.io"}, {"kind", "HTTPRoute"}}}));
  EXPECT_THAT(listeners[1]["supportedKinds"], IsEmpty());
  EXPECT_THAT(world.warning_lines(),
              Contains(HasSubstr("spec.listeners[1].allowedRoutes.kinds: listener odd: a kind other than HTTPRoute")));
}

TEST(Listeners, SettingsComeFromTheGatewaysAnnotations) {
  World world;
  world.options.settings.listener.buffer_bytes = 5000;
  world.load(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra, annotations: "
      "{kgwcore.dev/request_header_count: '7'}}\nspec: {gatewayClassName: any, listeners: [" +
      std::string(kHttp) + "]}\n");
  EXPECT_EQ(world.bound("infra/gw/http").settings.request_header_count, 7);
  EXPECT_EQ(world.bound("infra/gw/http").settings.buffer_bytes, 5000);
}

TEST(Bindings, ProgrammedFollowsTheSockets) {
  World world;
  world.load(gateway("gw", std::string(kHttp) + ", {name: two, port: 8081, protocol: HTTP}"));
  EXPECT_EQ(world.gateway("gw", "Programmed"), "False Pending");
  world.store.report_bindings(
      {{"infra/gw/http", true, "127.0.0.1", 8080, ""}, {"infra/gw/two", false, "127.0.0.1", 8081, "in use"}});
  EXPECT_EQ(world.listener("gw", "http", "Programmed"), "True Programmed");
  EXPECT_EQ(world.listener("gw", "two", "Accepted"), "False PortUnavailable");
  EXPECT_EQ(world.listener("gw", "two", "Programmed"), "False Invalid");
  EXPECT_EQ(world.gateway("gw", "Accepted"), "True ListenersNotValid");
  EXPECT_EQ(world.gateway("gw", "Programmed"), "True Programmed");
  world.translate();
  EXPECT_EQ(world.gateway("gw", "Programmed"), "True Programmed") << "open sockets stay open over a translation";
  world.store.report_bindings({{"infra/gw/http", false, "127.0.0.1", 8080, "in use"}});
  EXPECT_EQ(world.gateway("gw", "Programmed"), "False AddressNotUsable");
}

TEST(GatewayClasses, OursAreAccepted) {
  World world;
  auto gateway_class = [](const std::string& name, const std::string& controller) {
    return "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: " + name +
           "}\nspec: {controllerName: " + controller + "}\n---\n";
  };
  world.load(gateway_class("ours", "kgwcore.dev/kgwcore") + gateway_class("foreign", "example.com/other"));
  const auto& status = world.object("gc", "", "ours").status;
  EXPECT_EQ(World::text(status["conditions"], "Accepted"), "True Accepted");
  EXPECT_EQ(status["conditions"][0]["observedGeneration"], 1);
  EXPECT_THAT(status["supportedFeatures"], Contains(nlohmann::json{{"name", "HTTPRoute"}}));
  EXPECT_TRUE(world.object("gc", "", "foreign").status.is_null());
}

} // namespace
} // namespace kgw::config::test
