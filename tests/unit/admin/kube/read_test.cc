#include "unit/admin/client.h"

namespace kgw::test {
namespace {

const admin::Headers kTable{{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}};

TEST(Get, AnswersTheObjectInTheVersionOfTheUrl) {
  Client client;
  client.fake.put("HTTPRoute", "gateway.networking.k8s.io/v1", "httpbin", "a");
  auto answer = client.get("/apis/gateway.networking.k8s.io/v1beta1/namespaces/httpbin/httproutes/a");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["apiVersion"], "gateway.networking.k8s.io/v1beta1");
  EXPECT_EQ(client.get(std::string(kRoutes) + "/a/status").json()["metadata"]["name"], "a");
}

TEST(Get, SaysWhatIsMissing) {
  Client client;
  auto answer = client.get(std::string(kRoutes) + "/x").json();
  EXPECT_EQ(answer["code"], 404);
  EXPECT_EQ(answer["reason"], "NotFound");
  EXPECT_EQ(answer["message"], "httproutes.gateway.networking.k8s.io \"x\" not found");
  EXPECT_EQ(answer["details"],
            (nlohmann::json{{"name", "x"}, {"group", "gateway.networking.k8s.io"}, {"kind", "httproutes"}}));
  EXPECT_EQ(client.get(std::string(kServices) + "/x").json()["message"], "services \"x\" not found");
}

TEST(Get, PathsThatNameNothing) {
  Client client;
  for (const char* path : {"/api/v1/pods", "/api/v1/namespaces/a/namespaces", "/api/v1/services/a",
                           "/api/v1/namespaces/a/services/b/scale", "/api/v1/namespaces/a/services/b/status/c"}) {
    EXPECT_EQ(client.get(path).status, 404) << path;
  }
  EXPECT_EQ(client.get("/api/v1//services").status, 400);
  EXPECT_EQ(client.get("/api/v1/namespaces/%zz/services").status, 400);
}

TEST(List, OfOneNamespaceAndOfAll) {
  Client client;
  client.fake.put("Service", "v1", "a", "one");
  client.fake.put("Service", "v1", "b", "two");
  auto all = client.get("/api/v1/services?limit=500").json();
  EXPECT_EQ(all["kind"], "ServiceList");
  EXPECT_EQ(all["apiVersion"], "v1");
  EXPECT_EQ(all["metadata"], (nlohmann::json{{"resourceVersion", "102"}}));
  EXPECT_EQ(all["items"].size(), 2u);
  EXPECT_EQ(client.get("/api/v1/namespaces/b/services").json()["items"][0]["metadata"]["name"], "two");
  EXPECT_EQ(client.get("/api/v1/namespaces/c/services").json()["items"], nlohmann::json::array());
}

TEST(List, NamespacesNeedNotBeDeclared) {
  Client client;
  client.fake.put("Service", "v1", "used", "one");
  EXPECT_EQ(client.get("/api/v1/namespaces").json()["items"].size(), 2u);
  EXPECT_EQ(client.get("/api/v1/namespaces/used").status, 200);
  EXPECT_EQ(client.get("/api/v1/namespaces/other").status, 404);
}

TEST(List, Selects) {
  Client client;
  client.fake.put("Service", "v1", "a", "one", {{"metadata", {{"labels", {{"app", "x"}, {"tier", "1"}}}}}});
  client.fake.put("Service", "v1", "a", "two", {{"metadata", {{"labels", {{"app", "y"}}}}}});
  client.fake.put("Service", "v1", "b", "three");
  auto names = [&](const std::string& query) {
    std::string text;
    auto list = client.get("/api/v1/services?" + query).json();
    for (const auto& item : list["items"]) text += item["metadata"]["name"].get<std::string>() + " ";
    return text;
  };
  EXPECT_EQ(names("labelSelector=app%3Dx"), "one ");
  EXPECT_EQ(names("labelSelector=app%3D%3Dy"), "two ");
  EXPECT_EQ(names("labelSelector=app!%3Dx"), "two three ");
  EXPECT_EQ(names("labelSelector=app+in+(x,y),tier"), "one ");
  EXPECT_EQ(names("labelSelector=app+notin+(x)"), "two three ");
  EXPECT_EQ(names("labelSelector=!app"), "three ");
  EXPECT_EQ(names("fieldSelector=metadata.name%3Dtwo"), "two ");
  EXPECT_EQ(names("fieldSelector=metadata.namespace!%3Da"), "three ");
  EXPECT_EQ(client.get("/api/v1/services?fieldSelector=spec.type%3Dx").status, 400);
  for (const char* bad : {"a>1", "a in x", "(a)", "=x", "a b"}) {
    std::string selector(bad);
    for (size_t at; (at = selector.find(' ')) != std::string::npos;) selector.replace(at, 1, "+");
    EXPECT_EQ(client.get("/api/v1/services?labelSelector=" + selector).status, 400) << bad;
  }
}

TEST(Table, HasTheColumnsOfTheKind) {
  Client client;
  client.fake.put("HTTPRoute", "gateway.networking.k8s.io/v1", "httpbin", "a",
                  {{"spec", {{"hostnames", {"x.example", "y.example"}}, {"parentRefs", {{{"name", "gw"}}}}}}});
  auto table = client.get(kRoutes, kTable).json();
  EXPECT_EQ(table["kind"], "Table");
  EXPECT_EQ(table["columnDefinitions"].size(), 4u);
  EXPECT_EQ(table["columnDefinitions"][0]["format"], "name");
  EXPECT_EQ(table["columnDefinitions"][2]["priority"], 1);
  EXPECT_EQ(table["rows"][0]["cells"], (nlohmann::json{"a", "x.example,y.example", "gw", "65s"}));
  EXPECT_EQ(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
  EXPECT_EQ(table["rows"][0]["object"]["metadata"]["namespace"], "httpbin");
  EXPECT_FALSE(client.get(std::string(kRoutes) + "?includeObject=None", kTable).json()["rows"][0].contains("object"));
  EXPECT_EQ(client.get(std::string(kRoutes) + "?includeObject=Object", kTable).json()["rows"][0]["object"]["kind"],
            "HTTPRoute");
  EXPECT_EQ(client.get(std::string(kRoutes) + "/a", kTable).json()["rows"].size(), 1u);
}

TEST(Accept, OnlyJsonIsWritten) {
  Client client;
  EXPECT_EQ(client.get(kServices, {{"accept", "application/vnd.kubernetes.protobuf,application/json"}}).status, 200);
  EXPECT_EQ(client.get(kServices, {{"accept", "*/*"}}).status, 200);
  EXPECT_EQ(client.get(kServices, {{"accept", "application/vnd.kubernetes.protobuf"}}).status, 406);
}

} // namespace
} // namespace kgw::test
