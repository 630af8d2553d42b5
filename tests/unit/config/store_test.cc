#include <gmock/gmock.h>

#include "config/store_stamp.h"
#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> outcomes(const std::vector<ApplyResult>& results) {
  std::vector<std::string> words;
  for (const ApplyResult& result : results) words.push_back(outcome_text(result.outcome));
  return words;
}

std::string service(const std::string& spec) {
  return "apiVersion: v1\nkind: Service\nmetadata: {name: svc, namespace: app}\nspec: " + spec + "\n---\n";
}

json service_json(int port) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", {{"name", "svc"}, {"namespace", "app"}}},
          {"spec", {{"ports", {{{"port", port}}}}}}};
}

TEST(Store, CreatedThenUnchangedThenConfigured) {
  World world;
  EXPECT_THAT(outcomes(world.store.apply_text(service("{ports: [{port: 80}]}"), "f", "", true)),
              ElementsAre("created"));
  uint64_t version = world.object("svc", "app", "svc").resource_version;
  EXPECT_THAT(outcomes(world.store.apply_text("# moved\n" + service("{ports: [{port: 80}]}"), "f", "", true)),
              ElementsAre("unchanged"));
  EXPECT_EQ(world.object("svc", "app", "svc").resource_version, version);
  EXPECT_EQ(world.object("svc", "app", "svc").object.at.line, 2) << "positions follow the file";
  EXPECT_THAT(outcomes(world.store.apply_text(service("{ports: [{port: 81}]}"), "f", "", true)),
              ElementsAre("configured"));
  EXPECT_EQ(world.object("svc", "app", "svc").generation, 2);
  EXPECT_GT(world.object("svc", "app", "svc").resource_version, version);
}

TEST(Store, OneBadDocumentDoesNotStopTheOthersAndKeepsTheOldVersion) {
  World world;
  world.apply(service("{ports: [{port: 80}]}"));
  auto results = world.store.apply_text(service("{ports: [{port: 0}]}") + option_of("a", "{options: {timeout: 1s}}"),
                                        "f", "", true);
  EXPECT_THAT(outcomes(results), ElementsAre("rejected", "created"));
  EXPECT_EQ(results[0].id, identity("svc", "app", "svc"));
  EXPECT_THAT(results[0].problems.at(0).line(), HasSubstr("Service app/svc: spec.ports[0].port"));
  EXPECT_EQ(world.object("svc", "app", "svc").generation, 1);
}

TEST(Store, GenerationCountsContentOnly) {
  World world;
  world.store.write({service_json(80)});
  json labelled = service_json(80);
  labelled["metadata"]["labels"] = {{"a", "b"}};
  EXPECT_EQ(world.store.write({labelled}).outcome, Outcome::kConfigured);
  EXPECT_EQ(world.object("svc", "app", "svc").generation, 1);
  EXPECT_EQ(world.store.write({labelled}).outcome, Outcome::kUnchanged);
  labelled["status"] = {{"x", 1}};
  labelled["metadata"]["uid"] = "forged";
  labelled["metadata"]["creationTimestamp"] = nullptr;
  EXPECT_EQ(world.store.write({labelled}).outcome, Outcome::kUnchanged) << "what the server owns is not read";
}

TEST(Store, ServerOwnedMetadata) {
  World world;
  WriteResult made = world.store.write({service_json(80)});
  ASSERT_EQ(made.status, WriteResult::Status::kOk);
  const json& metadata = made.object["metadata"];
  EXPECT_EQ(metadata["creationTimestamp"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(metadata["generation"], 1);
  EXPECT_EQ(metadata["resourceVersion"], std::to_string(world.now_us + 1));
  EXPECT_TRUE(testing::Matches(testing::MatchesRegex(
      "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"))(metadata["uid"].get<std::string>()))
      << metadata["uid"];
}

TEST(Store, ServicesShowTheirDefaults) {
  World world;
  json spec = world.store.write({service_json(80)}).object["spec"];
  EXPECT_EQ(spec, (json{{"type", "ClusterIP"},
                        {"sessionAffinity", "None"},
                        {"ports", {{{"port", 80}, {"protocol", "TCP"}, {"targetPort", 80}}}}}));
}

TEST(Store, CreationTimes) {
  World world;
  std::string dated =
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: old, creationTimestamp: '2020-01-02T03:04:05Z'}\n";
  world.store.apply_text(dated, "f", "", true);
  EXPECT_EQ(rfc3339(world.object("ns", "", "old").created_s), "2020-01-02T03:04:05Z");
  world.apply(service("{ports: [{port: 80}]}"));
  int64_t first = world.object("svc", "app", "svc").created_s;
  world.now_us += 60'000'000;
  world.apply(service("{ports: [{port: 81}]}"));
  EXPECT_EQ(world.object("svc", "app", "svc").created_s, first) << "survives an update";
  std::string uid = world.object("svc", "app", "svc").uid;
  world.store.remove(identity("svc", "app", "svc"), false);
  world.apply(service("{ports: [{port: 81}]}"));
  EXPECT_EQ(world.object("svc", "app", "svc").created_s, first + 60) << "delete and apply make a new object";
  EXPECT_NE(world.object("svc", "app", "svc").uid, uid);
}

TEST(Store, LastAppliedIsWhatKubectlWrites) {
  World world;
  world.apply("kind: Service\napiVersion: v1\nmetadata:\n  name: svc\n  annotations: {a: '<b> & c'}\nspec: {ports: "
              "[{port: 80}], type: ClusterIP}\n");
  EXPECT_EQ(
      world.object("svc", "default", "svc")
          .json["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"],
      "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"annotations\":{\"a\":\"\\u003cb\\u003e \\u0026 c\"},"
      "\"name\":\"svc\",\"namespace\":\"default\"},\"spec\":{\"ports\":[{\"port\":80}],\"type\":\"ClusterIP\"}}\n");
  world.apply(option_of("a", "{options: {timeout: 1s}}"));
  EXPECT_EQ(
      world.object("rto", "app", "a")
          .json["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"],
      "{\"apiVersion\":\"gateway.solo.io/v1\",\"kind\":\"RouteOption\",\"metadata\":{\"annotations\":{},\"name\":\"a\","
      "\"namespace\":\"app\"},\"spec\":{\"options\":{\"timeout\":\"1s\"}}}\n");
}

TEST(Store, BothRouteOptionGroupsAreOneObject) {
  World world;
  world.apply(option_of("a", "{options: {timeout: 1s}}"));
  std::string other = "apiVersion: gateway.kgateway.dev/v1alpha1\nkind: RouteOption\nmetadata: {name: a, namespace: "
                      "app}\nspec: {options: {timeout: 2s}}\n";
  EXPECT_THAT(outcomes(world.store.apply_text(other, "f", "", true)), ElementsAre("configured"));
  const StoredObject& stored = world.object("rto", "app", "a");
  EXPECT_EQ(world.store.list(*find_kind("gateway.kgateway.dev", "RouteOption"), "").size(), 1u);
  EXPECT_EQ(world.store.list(*find_kind("gateway.solo.io", "RouteOption"), "app").size(), 1u);
  EXPECT_EQ(world.store.show(stored, "gateway.solo.io/v1")["apiVersion"], "gateway.solo.io/v1");
  EXPECT_EQ(world.store.show(stored, "gateway.solo.io/v1")["spec"]["options"]["timeout"], "2s");
}

TEST(Store, UpstreamsOfTwoGroupsAreTwoObjects) {
  World world;
  auto upstream = [](const std::string& api_version, const std::string& host) {
    return "apiVersion: " + api_version + "\nkind: Upstream\nmetadata: {name: u, namespace: app}\n" +
           "spec: {static: {hosts: [{" + host + ", port: 80}]}}\n---\n";
  };
  std::string both = upstream("gloo.solo.io/v1", "addr: a") + upstream("gateway.kgateway.dev/v1alpha1", "host: b");
  EXPECT_THAT(outcomes(world.store.apply_text(both, "f", "", true)), ElementsAre("created", "created"));
  for (const char* group : {"gloo.solo.io", "gateway.kgateway.dev"}) {
    auto listed = world.store.list(*find_kind(group, "Upstream"), "app");
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed[0]->object.id.group, group);
  }
  EXPECT_EQ(world.object("upstream.gloo.solo.io", "app", "u").json["spec"]["static"]["hosts"][0]["addr"], "a");
  EXPECT_EQ(world.object("up", "app", "u").json["spec"]["static"]["hosts"][0]["host"], "b");
}

TEST(Store, WritePreconditions) {
  World world;
  EXPECT_EQ(world.store.write({.object = service_json(80), .expected_resource_version = "1"}).status,
            WriteResult::Status::kNotFound);
  world.store.write({service_json(80)});
  EXPECT_EQ(world.store.write({.object = service_json(80), .create_only = true}).status,
            WriteResult::Status::kAlreadyExists);
  EXPECT_EQ(world.store.write({.object = service_json(81), .expected_resource_version = "1"}).status,
            WriteResult::Status::kConflict);
  std::string version = std::to_string(world.object("svc", "app", "svc").resource_version);
  EXPECT_EQ(world.store.write({.object = service_json(81), .expected_resource_version = version}).status,
            WriteResult::Status::kOk);
  WriteResult bad = world.store.write({service_json(0)});
  EXPECT_EQ(bad.status, WriteResult::Status::kInvalid);
  EXPECT_FALSE(bad.problems.empty());
}

TEST(Store, RemovePreconditions) {
  World world;
  Identity id = identity("svc", "app", "svc");
  EXPECT_EQ(world.store.remove(id, false).status, WriteResult::Status::kNotFound);
  world.store.write({service_json(80)});
  EXPECT_EQ(world.store.remove(id, false, "other").status, WriteResult::Status::kConflict);
  EXPECT_EQ(world.store.remove(id, false, "", "1").status, WriteResult::Status::kConflict);
  EXPECT_EQ(world.store.remove(id, true).status, WriteResult::Status::kOk);
  EXPECT_NE(world.store.get(id), nullptr) << "a dry run removes nothing";
  std::string uid = world.store.get(id)->uid;
  EXPECT_EQ(world.store.remove(id, false, uid).status, WriteResult::Status::kOk);
  EXPECT_EQ(world.store.get(id), nullptr);
}

TEST(Store, DryRunsStoreNothing) {
  World world;
  uint64_t version = world.store.resource_version();
  EXPECT_THAT(outcomes(world.store.apply_text(service("{ports: [{port: 80}]}"), "f", "", true, true)),
              ElementsAre("created"));
  WriteResult would = world.store.write({.object = service_json(80), .dry_run = true});
  EXPECT_EQ(would.outcome, Outcome::kCreated);
  EXPECT_FALSE(would.object["metadata"].contains("resourceVersion"));
  EXPECT_EQ(world.store.resource_version(), version);
  EXPECT_EQ(world.store.get(identity("svc", "app", "svc")), nullptr);
}

TEST(Store, UnknownFieldsArePruned) {
  World world;
  json object = service_json(80);
  object["spec"]["nonsense"] = 1;
  EXPECT_EQ(world.store.write({object}).status, WriteResult::Status::kInvalid);
  WriteResult warned = world.store.write({.object = object, .validation = FieldValidation::kWarn});
  EXPECT_EQ(warned.status, WriteResult::Status::kOk);
  EXPECT_EQ(warned.problems.size(), 1u);
  EXPECT_FALSE(warned.object["spec"].contains("nonsense"));
}

TEST(Store, ChangesAreLoggedWithinBounds) {
  World world;
  uint64_t start = world.store.resource_version();
  world.store.write({service_json(80)});
  world.store.write({service_json(80)});
  world.store.remove(identity("svc", "app", "svc"), false);
  std::vector<Change> changes;
  ASSERT_TRUE(world.store.changes_after(start, changes));
  ASSERT_EQ(changes.size(), 2u) << "the second write changed nothing";
  EXPECT_EQ(changes[0].type, Change::Type::kAdded);
  EXPECT_EQ(changes[1].type, Change::Type::kDeleted);
  EXPECT_EQ(changes[1].object["metadata"]["resourceVersion"], std::to_string(changes[1].resource_version));
  EXPECT_FALSE(world.store.changes_after(world.store.resource_version() + 1, changes)) << "a number never handed out";
  for (int i = 0; i < 1100; ++i) world.store.write({service_json(80 + i % 2)});
  EXPECT_FALSE(world.store.changes_after(start, changes));
  EXPECT_TRUE(world.store.changes_after(world.store.resource_version(), changes));
  EXPECT_TRUE(changes.empty());
}

TEST(Store, NamespacesAreDeclaredOrUsed) {
  World world;
  world.apply(service("{ports: [{port: 80}]}") + "apiVersion: v1\nkind: Namespace\nmetadata: {name: declared}\n");
  EXPECT_THAT(world.store.namespaces(), ElementsAre("app", "declared", "default"));
  EXPECT_EQ(world.object("ns", "", "declared").status["phase"], "Active");
  EXPECT_EQ(world.store.remove(identity("ns", "", "app"), false).status, WriteResult::Status::kOk);
  EXPECT_EQ(world.store.get(identity("svc", "app", "svc")), nullptr) << "what is in a namespace goes with it";
  EXPECT_EQ(world.store.remove(identity("ns", "", "app"), false).status, WriteResult::Status::kNotFound);
}

TEST(Store, ReloadDeletesWhatItsFilesNoLongerHave) {
  World world;
  world.store.apply_text(service("{ports: [{port: 80}]}") + option_of("a", "{}"), "f.yaml", "", true);
  world.store.apply_text(option_of("b", "{}"), "g.yaml", "", true);
  world.store.write({{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "manual"}}}}});
  auto gone = world.store.delete_sources_except({"f.yaml"}, {identity("svc", "app", "svc")});
  EXPECT_THAT(gone, ElementsAre(identity("rto", "app", "a")));
  EXPECT_NE(world.store.get(identity("rto", "app", "b")), nullptr);
  EXPECT_NE(world.store.get(identity("ns", "", "manual")), nullptr);
}

TEST(Store, ASyntaxErrorRejectsTheWholeText) {
  World world;
  auto results = world.store.apply_text(service("{ports: [{port: 80}]}") + "a: [", "f", "", true);
  EXPECT_THAT(outcomes(results), ElementsAre("rejected"));
  EXPECT_EQ(world.store.get(identity("svc", "app", "svc")), nullptr);
}

TEST(Store, IgnoredKindsAreKeptAsTheyCome) {
  World world;
  auto results =
      world.store.apply_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n", "f", "", true);
  EXPECT_THAT(outcomes(results), ElementsAre("ignored"));
  EXPECT_EQ(world.object("configmap", "default", "c").json["data"]["a"], "b");
}

TEST(Stamp, ReadsOffsetsAndFractions) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:10Z"), 10);
  EXPECT_EQ(parse_rfc3339("1970-01-01T01:00:10.123+01:00"), 10);
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:10-00:01"), 70);
  for (const char* bad : {"", "yesterday", "1970-02-30T00:00:00Z", "1970-01-01T25:00:00Z", "1970-01-01T00:00:00",
                          "1970-01-01T00:00:00+1"}) {
    EXPECT_EQ(parse_rfc3339(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(rfc3339(10), "1970-01-01T00:00:10Z");
}

} // namespace
} // namespace kgw::config::test
