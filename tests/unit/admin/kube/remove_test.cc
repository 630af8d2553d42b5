#include "unit/admin/client.h"

namespace kgw::test {
namespace {

TEST(Delete, AnswersAStatusOrTheObject) {
  Client client;
  client.post(kRoutes, route("a"));
  client.fake.put("Service", "v1", "httpbin", "s");
  auto gone = client.send("DELETE", std::string(kRoutes) + "/a", R"({"propagationPolicy":"Background"})").json();
  EXPECT_EQ(gone["status"], "Success");
  EXPECT_EQ(gone["details"],
            (nlohmann::json{
                {"name", "a"}, {"group", "gateway.networking.k8s.io"}, {"kind", "httproutes"}, {"uid", "uid-101"}}));
  EXPECT_EQ(client.get(std::string(kRoutes) + "/a").status, 404);
  EXPECT_EQ(client.send("DELETE", std::string(kServices) + "/s").json()["kind"], "Service");
  EXPECT_EQ(client.send("DELETE", std::string(kServices) + "/s").json()["message"], "services \"s\" not found");
}

TEST(Delete, DryRunInBodyOrQueryDeletesNothing) {
  Client client;
  client.post(kRoutes, route("a"));
  const std::string url = std::string(kRoutes) + "/a";
  EXPECT_EQ(client.send("DELETE", url, R"({"propagationPolicy":"Background","dryRun":["All"]})").status, 200);
  EXPECT_EQ(client.send("DELETE", url + "?dryRun=All").status, 200);
  EXPECT_EQ(client.send("DELETE", url, R"({"dryRun":["Some"]})").status, 400);
  EXPECT_EQ(client.send("DELETE", url, R"({"dryRun":"All"})").status, 400);
  EXPECT_EQ(client.send("DELETE", url, "gone").status, 400);
  EXPECT_EQ(client.get(url).status, 200);
}

TEST(Delete, Preconditions) {
  Client client;
  client.post(kRoutes, route("a"));
  const std::string url = std::string(kRoutes) + "/a";
  EXPECT_EQ(client.send("DELETE", url, R"({"preconditions":{"uid":"other"}})").status, 409);
  EXPECT_EQ(client.send("DELETE", url, R"({"preconditions":{"resourceVersion":"9"}})").json()["reason"], "Conflict");
  EXPECT_EQ(client.send("DELETE", url, R"({"preconditions":{"uid":"uid-101","resourceVersion":"101"}})").status, 200);
}

TEST(DeleteCollection, RemovesWhatIsSelected) {
  Client client;
  client.fake.put("Service", "v1", "httpbin", "a", {{"metadata", {{"labels", {{"app", "x"}}}}}});
  client.fake.put("Service", "v1", "httpbin", "b", {{"metadata", {{"labels", {{"app", "x"}}}}}});
  client.fake.put("Service", "v1", "httpbin", "c");
  client.fake.hold = true;
  auto answer = client.begin("DELETE", std::string(kServices) + "?labelSelector=app%3Dx", "", {});
  EXPECT_FALSE(answer->has_value());
  client.fake.release();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->json()["items"].size(), 2u);
  EXPECT_EQ(client.get(kServices).json()["items"].size(), 1u);
  client.fake.hold = false;
  EXPECT_EQ(client.send("DELETE", std::string(kServices) + "?labelSelector=app%3Dnone").json()["items"].size(), 0u);
  EXPECT_EQ(client.send("DELETE", "/api/v1/services").status, 405);
}

} // namespace
} // namespace kgw::test
