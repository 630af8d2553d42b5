#include "unit/admin/client.h"

#include "admin/kube/openapi.h"

namespace kgw::test {
namespace {

TEST(Discovery, NamesTheCoreVersionAndTheGroupsInOrder) {
  Client client;
  EXPECT_EQ(client.get("/api").json(), (nlohmann::json{{"kind", "APIVersions"}, {"versions", {"v1"}}}));
  auto groups = client.get("/apis").json()["groups"];
  ASSERT_EQ(groups.size(), 4u);
  EXPECT_EQ(groups[1]["name"], "gateway.networking.k8s.io");
  EXPECT_EQ(groups[1]["versions"][1]["groupVersion"], "gateway.networking.k8s.io/v1beta1");
  EXPECT_EQ(groups[1]["preferredVersion"]["version"], "v1");
}

TEST(Discovery, ListsEachKindWithItsStatus) {
  Client client;
  auto list = client.get("/apis/gateway.networking.k8s.io/v1").json();
  EXPECT_EQ(list["groupVersion"], "gateway.networking.k8s.io/v1");
  ASSERT_EQ(list["resources"].size(), 6u);
  EXPECT_EQ(list["resources"][0]["shortNames"][0], "gtw");
  EXPECT_EQ(list["resources"][0]["categories"], (nlohmann::json{"all"}));
  EXPECT_EQ(list["resources"][1]["name"], "gateways/status");
  EXPECT_EQ(client.get("/apis/gateway.networking.k8s.io/v1beta1").json()["resources"].size(), 4u);
  EXPECT_EQ(client.get("/api/v1").json()["groupVersion"], "v1");
}

TEST(Discovery, UnknownGroupsAndVersionsAreNotFound) {
  Client client;
  for (const char* path : {"/apis/nobody.example", "/apis/gateway.networking.k8s.io/v9", "/api/v2", "/version/x",
                           "/openapi/v1", "/openapi/v3/apis/a/b"}) {
    auto answer = client.get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.json()["message"], "the server could not find the requested resource") << path;
  }
  EXPECT_EQ(client.get("/apis/gateway.networking.k8s.io").json()["kind"], "APIGroup");
}

TEST(Discovery, DocumentsAreOnlyRead) {
  Client client;
  EXPECT_EQ(client.send("POST", "/apis", "{}").status, 405);
  EXPECT_EQ(client.send("DELETE", "/openapi/v2").status, 405);
}

TEST(Discovery, VersionIsSemantic) {
  Client client;
  EXPECT_EQ(client.get("/version").json()["gitVersion"], "v1.34.0+kgwcore");
}

// Walks the message as protobuf does, so that a wrong length shows.
std::string protobuf_field(std::string_view message, unsigned wanted) {
  std::string found;
  for (size_t at = 0; at < message.size();) {
    auto varint = [&] {
      size_t value = 0;
      for (unsigned shift = 0;; shift += 7) {
        auto byte = static_cast<unsigned char>(message[at++]);
        value |= size_t{byte & 0x7fu} << shift;
        if (byte < 0x80) return value;
      }
    };
    size_t key = varint(), length = varint();
    EXPECT_EQ(key & 7, 2u);
    if (key >> 3 == wanted && found.empty()) found = message.substr(at, length);
    at += length;
  }
  return found;
}

TEST(OpenApi, V2TellsInProtobufWhatPatchTakes) {
  Client client;
  auto answer = client.get("/openapi/v2", {{"accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"}});
  EXPECT_EQ(answer.content_type, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  EXPECT_EQ(protobuf_field(answer.body, 1), "2.0");
  std::string path = protobuf_field(protobuf_field(answer.body, 8), 2);
  std::string patch = protobuf_field(protobuf_field(path, 2), 8);
  std::string parameter = protobuf_field(protobuf_field(protobuf_field(patch, 8), 1), 2);
  EXPECT_EQ(protobuf_field(protobuf_field(parameter, 3), 4), "dryRun");
  std::string extension = protobuf_field(patch, 13);
  EXPECT_EQ(protobuf_field(extension, 1), "x-kubernetes-group-version-kind");
  auto kind = nlohmann::json::parse(protobuf_field(protobuf_field(extension, 2), 2));
  EXPECT_EQ(kind, (nlohmann::json{{"group", ""}, {"version", "v1"}, {"kind", "Namespace"}}));
}

TEST(OpenApi, V3HasADocumentForEachVersion) {
  Client client;
  auto index = client.get("/openapi/v3").json()["paths"];
  EXPECT_EQ(index["api/v1"]["serverRelativeURL"], "/openapi/v3/api/v1");
  auto document = client.get(index["apis/gateway.networking.k8s.io/v1"]["serverRelativeURL"].get<std::string>()).json();
  bool found = false;
  for (const auto& [path, item] : document["paths"].items()) {
    const auto& patch = item["patch"];
    found = found || (patch["x-kubernetes-group-version-kind"]["kind"] == "HTTPRoute" &&
                      patch["parameters"][1]["name"] == "fieldValidation");
  }
  EXPECT_TRUE(found);
}

} // namespace
} // namespace kgw::test
