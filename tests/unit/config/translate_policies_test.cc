#include <gmock/gmock.h>

#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

std::string base() { return std::string(kGateway) + kService; }
std::string rule_with(const std::string& filters, const std::string& more = "") {
  return "{filters: [" + filters + "], " + kToService + more + "}";
}
std::string ancestor(World& world, const std::string& option, const std::string& type) {
  return world.ancestor(identity("rto", "app", option), type);
}

TEST(Policies, WithoutAnyTheTimeoutIs15Seconds) {
  World world;
  world.load(base() + route_of("r", rule_with("")));
  EXPECT_EQ(world.action("app/r/0").timeout, Duration(15s));
  EXPECT_EQ(world.action("app/r/0").retry.on, 0u);
}

TEST(Policies, AllFourGroupCombinationsResolve) {
  for (const std::string document : {"gateway.solo.io/v1", "gateway.kgateway.dev/v1alpha1"}) {
    for (const std::string reference : {"gateway.solo.io", "gateway.kgateway.dev"}) {
      World world;
      world.load(base() + route_of("r", rule_with(filter_of("o", "RouteOption", reference))) +
                 "apiVersion: " + document +
                 "\nkind: RouteOption\nmetadata: {name: o, namespace: app}\nspec: {options: {retries: {retryOn: "
                 "connect-failure, numRetries: 3}}}\n");
      EXPECT_EQ(world.action("app/r/0").retry.on, uint32_t{retry::kConnectFailure}) << document << " " << reference;
      EXPECT_EQ(world.action("app/r/0").retry.retries, 3u);
      EXPECT_EQ(world.route("r", "ResolvedRefs"), "True ResolvedRefs");
      EXPECT_EQ(ancestor(world, "o", "Attached"), "True Attached");
      EXPECT_THAT(world.warnings, IsEmpty());
    }
  }
}

TEST(Policies, EachOptionComesWholeFromItsFirstSource) {
  World world;
  world.load(base() + route_of("r", rule_with(filter_of("first") + ", " + filter_of("second"))) +
             option_of("first", "{options: {timeout: 3s}}") +
             option_of("second", "{options: {timeout: 4s, retries: {retryOn: reset, perTryTimeout: 1s}}}") +
             option_of("third", "{targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r}], options: "
                                "{retries: {retryOn: 5xx, numRetries: 9}}}"));
  const auto& action = world.action("app/r/0");
  EXPECT_EQ(action.timeout, Duration(3s));
  EXPECT_EQ(action.retry.on, uint32_t{retry::kReset});
  EXPECT_EQ(action.retry.retries, 1u);
  EXPECT_EQ(ancestor(world, "first", "Attached"), "True Merged");
  EXPECT_EQ(ancestor(world, "third", "Accepted"), "True Valid");
  EXPECT_EQ(ancestor(world, "third", "Attached"), "False Overridden");
}

TEST(Policies, TargetRefsOldestFirstThenName) {
  World world;
  auto targeting = [](const std::string& name, const std::string& timeout) {
    return option_of(
        name, "{targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r}], options: {timeout: " +
                  timeout + "}}");
  };
  world.load(base() + route_of("r", rule_with("")) + targeting("b", "2s") + targeting("a", "1s"));
  EXPECT_EQ(world.action("app/r/0").timeout, Duration(1s)) << "of equal age the name decides";
  world.store.remove(identity("rto", "app", "a"), false);
  world.now_us += 10'000'000;
  world.load(targeting("a", "1s"));
  EXPECT_EQ(world.action("app/r/0").timeout, Duration(2s)) << "the older one wins";
}

TEST(Policies, ATargetThatIsNotThere) {
  World world;
  world.load(option_of(
      "o", "{targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: gone}], options: {timeout: 1s}}"));
  EXPECT_EQ(ancestor(world, "o", "Accepted"), "False TargetNotFound");
  EXPECT_EQ(ancestor(world, "o", "Attached"), "False TargetNotFound");
  EXPECT_THAT(world.warning_lines(), Contains(HasSubstr("spec.targetRefs[0]: HTTPRoute app/gone does not exist")));
}

TEST(Policies, NativeTimeoutsBeatThem) {
  World world;
  auto load = [&](const std::string& timeouts) {
    world.load(base() + route_of("r", rule_with(filter_of("o"), ", timeouts: " + timeouts)) +
               option_of("o", "{options: {timeout: 9s, retries: {retryOn: 5xx, perTryTimeout: 2s}}}"));
    return world.action("app/r/0");
  };
  EXPECT_EQ(load("{request: 4s}").timeout, Duration(4s));
  EXPECT_EQ(load("{request: 0s}").timeout, Duration(0));
  EXPECT_EQ(load("{backendRequest: 1s}").timeout, Duration(9s));
  EXPECT_EQ(load("{backendRequest: 1s}").retry.per_try_timeout, Duration(1s));
  EXPECT_EQ(load("{request: 4s}").retry.per_try_timeout, Duration(2s));
}

TEST(Policies, SettingsOfTheOptionBeatThoseOfTheRoute) {
  World world;
  auto annotated = [](std::string text, const std::string& value) {
    return text.insert(text.find("namespace: app}") + 14,
                       ", annotations: {kgwcore.dev/replay_limit_bytes: '" + value + "'}"),
           text;
  };
  std::string route = annotated(route_of("r", rule_with(filter_of("o"))), "10");
  world.load(base() + route + option_of("o", "{options: {timeout: 1s}}"));
  EXPECT_EQ(world.action("app/r/0").settings.replay_limit_bytes, 10);
  world.load(annotated(option_of("o", "{options: {timeout: 1s}}"), "20"));
  EXPECT_EQ(world.action("app/r/0").settings.replay_limit_bytes, 20);
}

TEST(Policies, DirectResponsesAnswerAndTakeNoOptions) {
  World world;
  world.load(base() +
             route_of("r", "{filters: [" + filter_of("d", "DirectResponse", "gateway.kgateway.dev") + ", " +
                               filter_of("o") + "]}") +
             option_of("o", "{options: {timeout: 1s}}") +
             "apiVersion: gateway.kgateway.dev/v1alpha1\nkind: DirectResponse\nmetadata: {name: d, namespace: "
             "app}\nspec: {status: 418, body: tea}\n");
  const auto& action = world.action("app/r/0");
  EXPECT_EQ(action.kind, snapshot::ActionKind::kDirect);
  EXPECT_EQ(action.status, 418);
  EXPECT_EQ(action.body, "tea");
  EXPECT_THAT(world.warning_lines(), Contains(HasSubstr("the options of RouteOption app/o do not apply")));
}

TEST(Policies, UnresolvableExtensionsMakeTheRuleAnswer500) {
  World world;
  world.load(base() + route_of("r", rule_with(filter_of("gone"))));
  EXPECT_EQ(world.action("app/r/0").kind, snapshot::ActionKind::kError);
  EXPECT_EQ(world.action("app/r/0").status, 500);
  EXPECT_EQ(world.route("r", "ResolvedRefs"), "False BackendNotFound");
  EXPECT_THAT(world.warning_lines(),
              Contains(HasSubstr("spec.rules[0].filters[0].extensionRef: RouteOption app/gone does not exist")));
  world.load(route_of("r", rule_with(filter_of("x", "AuthConfig", "gateway.kgateway.dev"))));
  EXPECT_EQ(world.route("r", "ResolvedRefs"), "False InvalidKind");
}

TEST(Rejections, TheOldVersionStandsUnlessAProtectionWasAsked) {
  World world;
  auto refuse = [&](const std::string& document) {
    auto results = world.store.apply_text(document, "f", "", true);
    EXPECT_EQ(results.back().outcome, Outcome::kRejected);
    world.translate();
  };
  world.load(base() + route_of("r", rule_with(filter_of("o"))));
  refuse(option_of("o", "{options: {timeout: never}}"));
  EXPECT_EQ(world.action("app/r/0").kind, snapshot::ActionKind::kError);
  const auto& parent = world.object("httproute", "app", "r").status["parents"][0];
  EXPECT_THAT(parent["conditions"][1]["message"].get<std::string>(), HasSubstr("was refused: spec.options.timeout"));
  world.load(option_of("o", "{options: {timeout: 1s}}"));
  EXPECT_EQ(world.action("app/r/0").timeout, Duration(1s));
  refuse(option_of("o", "{options: {timeout: never}}"));
  EXPECT_EQ(world.action("app/r/0").timeout, Duration(1s)) << "the old version stays in service";
  refuse(option_of("o", "{options: {timeout: 1s, extauth: {configRef: {name: a, namespace: b}}}}"));
  EXPECT_EQ(world.action("app/r/0").kind, snapshot::ActionKind::kError)
      << "nothing is served with a protection missing";
  world.load(option_of("o", "{options: {timeout: 1s}}"));
  EXPECT_EQ(world.action("app/r/0").kind, snapshot::ActionKind::kForward)
      << "even an unchanged good version settles it";
}

TEST(Rejections, AProtectionByTargetRefsBlocksItsRoutes) {
  World world;
  world.load(base() + route_of("r", rule_with("")) + route_of("free", rule_with("")));
  world.store.apply_text(
      option_of("o",
                "{targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r}], options: {jwt: {}}}"),
      "f", "", true);
  world.translate();
  EXPECT_EQ(world.action("app/r/0").kind, snapshot::ActionKind::kError);
  EXPECT_EQ(world.route("r", "PartiallyInvalid"), "True UnsupportedValue");
  EXPECT_EQ(world.action("app/free/0").kind, snapshot::ActionKind::kForward);
  world.store.remove(identity("rto", "app", "o"), false);
  world.translate();
  EXPECT_EQ(world.action("app/r/0").kind, snapshot::ActionKind::kForward);
}

TEST(Rejections, AGatewayThatAskedForAProtectionServesErrors) {
  World world;
  world.load(base() + route_of("r", rule_with("")));
  std::string tls = std::string(kGateway);
  tls.insert(tls.find("  listeners:"), "  tls: {frontend: {default: {}}}\n");
  ASSERT_EQ(world.store.apply_text(tls, "f", "", true)[0].outcome, Outcome::kRejected);
  world.translate();
  const auto& rule = world.bound("infra/gw/http").routes.rules.at(0);
  EXPECT_EQ(world.spec.actions[rule.action].kind, snapshot::ActionKind::kError);
}

} // namespace
} // namespace kgw::config::test
