#include "config/conditions.h"

#include <chrono>

#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using nlohmann::json;

TEST(Conditions, TransitionTimeMovesOnlyWithStatus) {
  json first = conditions_json({{"Accepted", true, "Accepted", ""}}, 1, nullptr, "t1");
  EXPECT_EQ(first[0], (json{{"type", "Accepted"},
                            {"status", "True"},
                            {"reason", "Accepted"},
                            {"message", ""},
                            {"observedGeneration", 1},
                            {"lastTransitionTime", "t1"}}));
  json second = conditions_json({{"Accepted", true, "Other", "m"}}, 2, first, "t2");
  EXPECT_EQ(second[0]["lastTransitionTime"], "t1");
  EXPECT_EQ(second[0]["observedGeneration"], 2);
  EXPECT_EQ(second[0]["reason"], "Other");
  json third = conditions_json({{"Accepted", false, "No", ""}, {"New", true, "N", ""}}, 2, second, "t3");
  EXPECT_EQ(third[0]["lastTransitionTime"], "t3");
  EXPECT_EQ(third[1]["lastTransitionTime"], "t3");
}

TEST(Conditions, ReferencesAreFoundAgain) {
  json ref = {{"name", "a"}}, other = {{"name", "b"}};
  json first = references_json(ReferenceRole::kAncestor, {{ref, {{"Accepted", true, "A", ""}}}}, 1, nullptr, "t1");
  json second =
      references_json(ReferenceRole::kAncestor,
                      {{other, {{"Accepted", true, "A", ""}}}, {ref, {{"Accepted", true, "A", ""}}}}, 1, first, "t2");
  EXPECT_EQ(second["ancestors"][0]["conditions"][0]["lastTransitionTime"], "t2");
  EXPECT_EQ(second["ancestors"][1]["conditions"][0]["lastTransitionTime"], "t1");
  EXPECT_EQ(second["ancestors"][1]["controllerName"], "kgwcore.dev/kgwcore");
}

TEST(Status, TranslatingAgainChangesNothing) {
  World world;
  world.load(std::string(kGateway) + kService +
             route_of("r", "{filters: [" + filter_of("o") + "], " + kToService + "}") +
             option_of("o", "{options: {timeout: 1s}}"));
  uint64_t version = world.store.resource_version();
  world.now_us += 5'000'000;
  world.translate();
  EXPECT_EQ(world.store.resource_version(), version) << "no event, no new resourceVersion";
}

TEST(Status, ObservedGenerationFollowsAndTheChangeIsAnEvent) {
  World world;
  world.load(std::string(kGateway) + kService + route_of("r", "{" + std::string(kToService) + "}"));
  uint64_t version = world.store.resource_version();
  world.now_us += 5'000'000;
  world.load(route_of("r", "{" + std::string(kToService) + ", matches: [{path: {value: /x}}]}"));
  const StoredObject& route = world.object("httproute", "app", "r");
  const json& condition = route.status["parents"][0]["conditions"][0];
  EXPECT_EQ(route.generation, 2);
  EXPECT_EQ(condition["observedGeneration"], 2);
  EXPECT_EQ(condition["lastTransitionTime"], "2023-11-14T22:13:20Z") << "the status did not change";
  std::vector<Change> changes;
  ASSERT_TRUE(world.store.changes_after(version, changes));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[1].type, Change::Type::kModified);
  EXPECT_EQ(changes[1].object["status"], route.status);
}

TEST(Status, HundredsOfRoutesTranslateQuickly) {
  World world;
  std::string text = std::string(kGateway) + kService + option_of("o", "{options: {timeout: 1s}}");
  for (int i = 0; i < 500; ++i) {
    text += route_of("r" + std::to_string(i), "{filters: [" + filter_of("o") + "], " + kToService + "}",
                     "  hostnames: [h" + std::to_string(i) + ".example]\n");
  }
  world.load(text);
  auto start = std::chrono::steady_clock::now();
  world.translate();
  std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  RecordProperty("ms", std::to_string(spent.count()));
  EXPECT_EQ(world.spec.actions.size(), 500u);
  EXPECT_LT(spent.count(), 1000) << "a debug build on a busy machine; something is quadratic";
}

} // namespace
} // namespace kgw::config::test
