#include "unit/admin/client.h"

namespace kgw::test {
namespace {

TEST(Pages, Ready) {
  Client client;
  bool live = true;
  client.fake.plane.ready = [&] { return live; };
  EXPECT_EQ(client.get("/ready").body, "LIVE\n");
  live = false;
  EXPECT_EQ(client.get("/ready").status, 503);
}

TEST(Pages, AreWhatThePlaneSays) {
  Client client;
  auto& plane = client.fake.plane;
  plane.stats_text = [] { return "a: 1\n"; };
  plane.stats_json = [] { return nlohmann::json{{"a", 1}}; };
  plane.stats_prometheus = [] { return "a 1\n"; };
  plane.clusters_text = [] { return "c\n"; };
  plane.clusters_json = [] { return nlohmann::json{{"c", 1}}; };
  plane.listeners_text = [] { return "l\n"; };
  plane.server_info = [] { return nlohmann::json{{"state", "LIVE"}}; };
  plane.routes = [] { return nlohmann::json::array({"r"}); };
  plane.settings = [] { return nlohmann::json::array({"s"}); };
  plane.attempts = [](size_t limit) { return nlohmann::json::array({limit}); };
  EXPECT_EQ(client.get("/stats").body, "a: 1\n");
  EXPECT_EQ(client.get("/stats?format=json").json()["a"], 1);
  EXPECT_EQ(client.get("/stats/prometheus").body, "a 1\n");
  EXPECT_EQ(client.get("/stats/prometheus").content_type, "text/plain; version=0.0.4");
  EXPECT_EQ(client.get("/stats?format=prometheus").body, "a 1\n");
  EXPECT_EQ(client.get("/clusters").body, "c\n");
  EXPECT_EQ(client.get("/clusters?format=json").json()["c"], 1);
  EXPECT_EQ(client.get("/listeners").body, "l\n");
  EXPECT_EQ(client.get("/server_info").json()["state"], "LIVE");
  EXPECT_EQ(client.get("/kgw/v1/routes").json()[0], "r");
  EXPECT_EQ(client.get("/kgw/v1/settings").json()[0], "s");
  EXPECT_EQ(client.get("/kgw/v1/attempts?limit=7").json()[0], 7);
  EXPECT_EQ(client.get("/kgw/v1/attempts").json()[0], 100);
  EXPECT_EQ(client.get("/kgw/v1/attempts?limit=many").status, 400);
}

TEST(Pages, WithoutAnythingBehindThemAreNotFound) {
  Client client;
  for (const char* path :
       {"/ready", "/stats", "/stats?format=json", "/clusters", "/kgw/v1/routes", "/kgw/v1/attempts", "/", "/nothing"}) {
    EXPECT_EQ(client.get(path).status, 404) << path;
  }
  client.fake.plane = {};
  for (const char* path : {"/apis/apps/v1", kServices, "/api/v1"}) EXPECT_EQ(client.get(path).status, 404) << path;
}

TEST(Pages, AreOnlyRead) {
  Client client;
  client.fake.plane.ready = [] { return true; };
  EXPECT_EQ(client.send("POST", "/ready").status, 405);
  EXPECT_EQ(client.send("DELETE", "/ready").header("allow"), "GET, HEAD");
}

} // namespace
} // namespace kgw::test
