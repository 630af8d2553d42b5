#include "unit/admin/client.h"

namespace kgw::test {
namespace {

TEST(Host, OnlyOwnNamesAreAnswered) {
  Client client({.host_name = "Gateway.example"});
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:19000", "localhost:1", "LOCALHOST", "[::1]:80", "[::1]", "gateway.example:19000"}) {
    client.host = host;
    EXPECT_EQ(client.get("/api").status, 200) << host;
  }
  for (const char* host : {"", "evil.example", "127.0.0.1.evil.example", "localhost.", "127.0.0.1:80:80", "127.0.0.1:x",
                           "[::2]", "a@localhost", ":80"}) {
    client.host = host;
    EXPECT_EQ(client.get("/api").status, 403) << host;
  }
}

TEST(Origin, WebPagesAreRefused) {
  Client client;
  EXPECT_EQ(client.get("/api", {{"origin", "http://localhost:19000"}}).status, 403);
  EXPECT_EQ(client.get("/api", {{"origin", "null"}}).json()["reason"], "Forbidden");
}

TEST(Forms, AreRefused) {
  Client client;
  for (const char* type :
       {"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "Text/Plain;charset=utf-8"}) {
    EXPECT_EQ(client.send("POST", kRoutes, route("a").dump(), {{"content-type", type}}).status, 415) << type;
  }
}

TEST(Token, IsAPathPrefixOrABearerToken) {
  Client client({.token = "s3cret"});
  EXPECT_EQ(client.get("/s3cret/api").status, 200);
  EXPECT_EQ(client.get("/s3cret").status, 404);
  EXPECT_EQ(client.get("/api", {{"authorization", "Bearer s3cret"}}).status, 200);
  EXPECT_EQ(client.get("/api", {{"authorization", "bearer  s3cret"}}).status, 200);
  for (const char* path : {"/api", "/s3cre/api", "/s3crets/api", "/", "/S3CRET/api"}) {
    auto answer = client.get(path);
    EXPECT_EQ(answer.status, 401) << path;
    EXPECT_EQ(answer.json()["message"], "Unauthorized");
  }
  EXPECT_EQ(client.get("/api", {{"authorization", "Bearer other!"}}).status, 401);
  EXPECT_EQ(client.get("/api", {{"authorization", "Basic s3cret"}}).status, 401);
}

} // namespace
} // namespace kgw::test
