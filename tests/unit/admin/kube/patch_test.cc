#include "unit/admin/client.h"

#include "admin/kube/strategic.h"

namespace kgw::test {
namespace {

using nlohmann::json;
const std::string kRoute = std::string(kRoutes) + "/a";

TEST(MergePatch, ChangesAndRemoves) {
  Client client;
  client.post(kRoutes, route("a", {{"x", 1}, {"y", {1, 2}}}));
  auto answer = client.patch(kRoute, "merge-patch+json", {{"spec", {{"x", nullptr}, {"y", {3}}}}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["spec"], (json{{"y", json::array({3})}}));
  EXPECT_EQ(client.patch(kRoute, "merge-patch+json", json::array()).status, 400);
  EXPECT_EQ(client.patch(std::string(kRoutes) + "/none", "merge-patch+json", json::object()).status, 404);
}

TEST(MergePatch, WithoutChangeKeepsTheVersion) {
  Client client;
  std::string version = client.post(kRoutes, route("a")).json()["metadata"]["resourceVersion"];
  EXPECT_EQ(client.patch(kRoute, "merge-patch+json", json::object()).json()["metadata"]["resourceVersion"], version);
  EXPECT_EQ(client.fake.version, 101u);
}

TEST(MergePatch, AVersionInsideIsAPrecondition) {
  Client client;
  client.post(kRoutes, route("a"));
  auto with_version = [&](const char* version) {
    return client
        .patch(kRoute, "merge-patch+json", {{"metadata", {{"resourceVersion", version}}}, {"spec", {{"at", version}}}})
        .status;
  };
  EXPECT_EQ(with_version("101"), 200);
  EXPECT_EQ(with_version("101"), 409);
}

TEST(JsonPatch, AppliesAllOperationsOrNone) {
  Client client;
  client.post(kRoutes, route("a", {{"x", 1}}));
  auto patch = [&](const char* text) { return client.patch(kRoute, "json-patch+json", json::parse(text)); };
  EXPECT_EQ(patch(R"([{"op":"test","path":"/spec/x","value":1},{"op":"replace","path":"/spec/x","value":2}])")
                .json()["spec"]["x"],
            2);
  auto failed = patch(R"([{"op":"add","path":"/spec/y","value":1},{"op":"test","path":"/spec/x","value":1}])");
  EXPECT_EQ(failed.status, 422);
  EXPECT_EQ(failed.json()["details"]["causes"][0]["field"], "patch");
  EXPECT_EQ(patch(R"([{"op":"remove","path":"/spec/none"}])").status, 422);
  EXPECT_EQ(patch(R"([{"op":"jump","path":"/spec"}])").status, 400);
  EXPECT_EQ(patch(R"([{"op":"add","path":"spec"}])").status, 400);
  EXPECT_EQ(patch(R"({"spec":{}})").status, 400);
  EXPECT_EQ(patch(R"([{"op":"replace","path":"","value":[]}])").status, 400);
  EXPECT_EQ(patch(R"([{"op":"remove","path":""}])").status, 422);
  EXPECT_EQ(patch(R"([7])").status, 400);
  EXPECT_EQ(client.get(kRoute).json()["spec"], (json{{"x", 2}}));
}

TEST(JsonPatch, CopiesAreBounded) {
  Client client;
  client.post(kRoutes, route("a", {{"x", std::string(1000, 'x')}}));
  json deep = json::array(), wide = json::array();
  for (int i = 0; i < 200; ++i) {
    deep.push_back({{"op", "copy"}, {"from", "/spec"}, {"path", "/spec/x"}});
    wide.push_back({{"op", "copy"}, {"from", "/spec"}, {"path", "/spec/y" + std::to_string(i)}});
  }
  EXPECT_EQ(client.patch(kRoute, "json-patch+json", deep).status, 400);
  EXPECT_EQ(client.patch(kRoute, "json-patch+json", wide).status, 400);
}

TEST(StrategicPatch, OnlyForKindsThatKubectlKnows) {
  Client client;
  client.post(kRoutes, route("a"));
  auto answer = client.patch(kRoute, "strategic-merge-patch+json", json::object());
  EXPECT_EQ(answer.status, 415);
  EXPECT_EQ(answer.json()["reason"], "UnsupportedMediaType");
  EXPECT_EQ(client.patch(kRoute, "json", json::object()).status, 415);
}

TEST(StrategicPatch, MergesServicePortsByPort) {
  json service = json::parse(
      R"({"spec":{"selector":{"a":"b"},"ports":[{"port":80,"name":"http","protocol":"TCP"},{"port":81,"name":"x"}]}})");
  json patch = json::parse(R"({"spec":{"$setElementOrder/ports":[{"port":90},{"port":80}],
    "ports":[{"port":80,"name":"web"},{"port":81,"$patch":"delete"},{"port":90}]}})");
  json merged = admin::kube::strategic_merge(service, patch, "Service");
  EXPECT_EQ(merged["spec"]["ports"], json::parse(R"([{"port":90},{"port":80,"name":"web","protocol":"TCP"}])"));
  json replaced = admin::kube::strategic_merge(
      service, json::parse(R"({"spec":{"ports":[{"port":1},{"$patch":"replace"}]}})"), "Service");
  EXPECT_EQ(replaced["spec"]["ports"], json::parse(R"([{"port":1}])"));
  EXPECT_EQ(
      admin::kube::strategic_merge(service, json::parse(R"({"spec":{"ports":[{"port":5}]}})"), "Other")["spec"]["ports"]
          .size(),
      1u);
}

TEST(StrategicPatch, Directives) {
  json target = json::parse(R"({"a":{"x":1,"y":2},"list":["p","q","r"],"gone":1})");
  json patch = json::parse(
      R"({"a":{"$patch":"replace","z":3},"$deleteFromPrimitiveList/list":["q"],"gone":null,"$retainKeys":["a"],"b":{"$patch":"delete"}})");
  EXPECT_EQ(admin::kube::strategic_merge(target, patch, "Service"), json::parse(R"({"a":{"z":3},"list":["p","r"]})"));
  EXPECT_EQ(admin::kube::strategic_merge(json(), json::parse(R"({"new":{"deep":{"k":"v"}}})"), ""),
            json::parse(R"({"new":{"deep":{"k":"v"}}})"));
}

TEST(StrategicPatch, OfAnIgnoredKindTakesTheManifest) {
  Client client;
  const std::string url = "/apis/apps/v1/namespaces/httpbin/deployments";
  json manifest = json::parse(
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","annotations":{}},"spec":{"containers":[{"name":"a","image":"1"},{"name":"b"}]}})");
  client.post(url, manifest);
  manifest["spec"]["containers"][0]["image"] = "2";
  json patch = json::parse(
      R"({"metadata":{"annotations":{}},"spec":{"$setElementOrder/containers":[{"name":"a"},{"name":"b"}],"containers":[{"name":"a","image":"2"}]}})");
  patch["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = manifest.dump();
  auto stored = client.patch(url + "/d", "strategic-merge-patch+json", patch);
  EXPECT_EQ(stored.status, 200);
  EXPECT_EQ(stored.json()["spec"]["containers"].size(), 2u);
  EXPECT_EQ(stored.json()["spec"]["containers"][0]["image"], "2");
  EXPECT_TRUE(stored.json()["metadata"]["annotations"].contains("kubectl.kubernetes.io/last-applied-configuration"));
  patch["metadata"]["resourceVersion"] = "1";
  EXPECT_EQ(client.patch(url + "/d", "strategic-merge-patch+json", patch).status, 409);
}

TEST(ApplyPatch, CreatesAndReplacesByMember) {
  Client client;
  EXPECT_EQ(client.patch(kRoute, "apply-patch+yaml", route("a")).status, 400);
  const std::string url = kRoute + "?fieldManager=kubectl&force=false";
  EXPECT_EQ(client.patch(url, "apply-patch+yaml", route("a", {{"x", 1}, {"y", 2}})).status, 201);
  EXPECT_EQ(client.patch(url, "apply-patch+yaml", route("a", {{"x", 2}})).json()["spec"], (json{{"x", 2}}));
  json annotation = route("a");
  annotation.erase("spec");
  annotation["metadata"]["annotations"] = {{"k", "v"}};
  auto answer = client.patch(kRoute + "?fieldManager=kubectl-last-applied", "apply-patch+yaml", annotation).json();
  EXPECT_EQ(answer["spec"], (json{{"x", 2}}));
  EXPECT_EQ(answer["metadata"]["annotations"], (json{{"k", "v"}}));
  EXPECT_EQ(client.send("PATCH", url, "kind: HTTPRoute\n", {{"content-type", "application/apply-patch+yaml"}}).status,
            415);
}

} // namespace
} // namespace kgw::test
