// What policies are attached to, and what their status says about it.

#include "config/translate_targets.h"

#include <gmock/gmock.h>

#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const char* kTimeout = "timeouts: {request: 2s}";
std::string base() {
  return std::string(kGateway) + kService + route_of("r", std::string("{name: one, ") + kToService + "}");
}
Identity policy(const std::string& name, const std::string& namespace_name = "app") {
  return identity("trafficpolicy", namespace_name, name);
}

TEST(Targets, TheAncestorIsTheTargetWithItsSection) {
  World world;
  world.load(base() + traffic_of("t", targets_of("HTTPRoute", "r", "one") + kTimeout));
  EXPECT_EQ(world.object("trafficpolicy", "app", "t").status["ancestors"][0]["ancestorRef"],
            (json{{"group", "gateway.networking.k8s.io"},
                  {"kind", "HTTPRoute"},
                  {"namespace", "app"},
                  {"name", "r"},
                  {"sectionName", "one"}}));
  EXPECT_EQ(world.ancestor(policy("t"), "Accepted"), "True Valid");
  EXPECT_EQ(world.ancestor(policy("t"), "Attached"), "True Attached");
}

TEST(Targets, WhatIsNotThereIsSaid) {
  World world;
  auto said = [&](const std::string& targets) {
    world.load(base() + traffic_of("t", targets + kTimeout));
    EXPECT_EQ(world.ancestor(policy("t"), "Attached"), "False TargetNotFound");
    EXPECT_EQ(world.action("app/r/one").timeout, Duration(15s));
    return world.warning_lines();
  };
  EXPECT_THAT(
      said(targets_of("HTTPRoute", "gone")),
      ElementsAre(HasSubstr("TrafficPolicy app/t: warning: spec.targetRefs[0]: HTTPRoute app/gone does not exist")));
  EXPECT_EQ(world.ancestor(policy("t"), "Accepted"), "False TargetNotFound");
  EXPECT_THAT(said(targets_of("HTTPRoute", "r", "two")),
              ElementsAre(HasSubstr("HTTPRoute app/r has no rule of the name two")));
  EXPECT_THAT(said(targets_of("Gateway", "gw")), ElementsAre(HasSubstr("Gateway app/gw does not exist")))
      << "only the policy's own namespace counts";
  EXPECT_THAT(said(targets_of("GRPCRoute", "r")),
              ElementsAre(HasSubstr("GRPCRoute is no kind that a TrafficPolicy can be attached to here")));
  EXPECT_EQ(world.ancestor(policy("t"), "Accepted"), "False Invalid");
}

TEST(Targets, AListenerIsASectionOfItsGateway) {
  World world;
  world.load(base() + traffic_of("t", targets_of("Gateway", "gw", "https") + kTimeout, "infra"));
  EXPECT_EQ(world.ancestor(policy("t", "infra"), "Accepted"), "False TargetNotFound");
  EXPECT_THAT(world.warning_lines(), ElementsAre(HasSubstr("Gateway infra/gw has no listener of the name https")));
}

TEST(Targets, SelectorsTakeAllThatHaveTheLabels) {
  World world;
  auto labelled = [](const std::string& name, const std::string& labels) {
    std::string text = route_of(name, std::string("{") + kToService + "}");
    return text.insert(text.find("namespace: app}") + 14, ", labels: " + labels);
  };
  std::string selector =
      "targetSelectors: [{group: gateway.networking.k8s.io, kind: HTTPRoute, matchLabels: {team: a}}], ";
  world.load(std::string(kGateway) + kService + labelled("first", "{team: a, more: x}") +
             labelled("second", "{team: a}") + labelled("third", "{team: b}") + traffic_of("t", selector + kTimeout));
  EXPECT_EQ(world.action("app/first/0").timeout, Duration(2s));
  EXPECT_EQ(world.action("app/second/0").timeout, Duration(2s));
  EXPECT_EQ(world.action("app/third/0").timeout, Duration(15s));
  EXPECT_EQ(world.object("trafficpolicy", "app", "t").status["ancestors"].size(), 2u);
  EXPECT_THAT(world.warnings, IsEmpty());
  world.load(labelled("first", "{team: b}") + labelled("second", "{team: b}"));
  EXPECT_EQ(world.action("app/first/0").timeout, Duration(15s));
  EXPECT_THAT(world.warning_lines(),
              ElementsAre(HasSubstr("spec.targetSelectors[0]: selects nothing: no HTTPRoute of namespace app fits")));
}

TEST(Targets, APolicyOnAGatewayWithoutRoutesIsAttached) {
  World world;
  world.load(kGateway + traffic_of("t", targets_of("Gateway", "gw") + kTimeout, "infra"));
  EXPECT_EQ(world.ancestor(policy("t", "infra"), "Attached"), "True Attached");
}

TEST(Targets, TheStatusHasRoomForSixteen) {
  World world;
  std::string text = kGateway + std::string(kService);
  for (int i = 0; i < 20; ++i) text += route_of("r" + std::to_string(i), std::string("{") + kToService + "}");
  world.load(text + traffic_of("t",
                               "targetSelectors: [{group: gateway.networking.k8s.io, kind: HTTPRoute, matchLabels: "
                               "{}}], timeouts: {request: 2s}"));
  EXPECT_EQ(world.object("trafficpolicy", "app", "t").status["ancestors"].size(), 16u);
  EXPECT_EQ(world.action("app/r19/0").timeout, Duration(2s));
}

TEST(Targets, DeletingAPolicyRevokesIt) {
  World world;
  world.load(base() + traffic_of("t", targets_of("HTTPRoute", "r") + kTimeout));
  EXPECT_EQ(world.action("app/r/one").timeout, Duration(2s));
  world.store.remove(policy("t"), false);
  world.translate();
  EXPECT_EQ(world.action("app/r/one").timeout, Duration(15s));
}

} // namespace
} // namespace kgw::config::test
