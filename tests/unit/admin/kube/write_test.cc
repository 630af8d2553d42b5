#include "unit/admin/client.h"

namespace kgw::test {
namespace {

TEST(Create, AnswersTheStoredObject) {
  Client client;
  auto answer =
      client.post(std::string(kRoutes) + "?fieldManager=kubectl-client-side-apply&fieldValidation=Strict", route("a"));
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.json()["metadata"]["namespace"], "httpbin");
  EXPECT_EQ(answer.json()["metadata"]["resourceVersion"], "101");
  EXPECT_EQ(client.get(std::string(kRoutes) + "/a").status, 200);
}

TEST(Create, TakesABodyWithoutMediaType) {
  Client client;
  EXPECT_EQ(client.send("POST", kRoutes, route("a").dump()).status, 201);
  EXPECT_EQ(client.send("POST", kRoutes, "kind: HTTPRoute", {{"content-type", "application/yaml"}}).status, 415);
  EXPECT_EQ(client.send("POST", kRoutes, "{").json()["reason"], "BadRequest");
  EXPECT_EQ(client.send("POST", kRoutes, "[]").status, 400);
  EXPECT_EQ(client.send("POST", kRoutes, std::string(5000, '[') + std::string(5000, ']')).status, 400);
}

TEST(Create, ServerOwnedFieldsAreIgnored) {
  Client client;
  auto object = route("a");
  object["metadata"].update({{"uid", "mine"},
                             {"resourceVersion", "7"},
                             {"creationTimestamp", nullptr},
                             {"managedFields", {1}},
                             {"finalizers", {"x"}}});
  object["status"] = {{"parents", {1}}};
  auto answer = client.post(kRoutes, object).json();
  EXPECT_EQ(answer["metadata"]["uid"], "uid-101");
  EXPECT_FALSE(answer["metadata"].contains("managedFields"));
  EXPECT_FALSE(answer["metadata"].contains("finalizers"));
  EXPECT_FALSE(answer.contains("status"));
}

TEST(Create, IdentityMustFitTheUrl) {
  Client client;
  auto wrong = [&](const char* pointer, const char* value) {
    auto object = route("a");
    object[nlohmann::json::json_pointer(pointer)] = value;
    return client.post(kRoutes, object).status;
  };
  EXPECT_EQ(wrong("/kind", "Gateway"), 400);
  EXPECT_EQ(wrong("/apiVersion", "gateway.networking.k8s.io/v1beta1"), 400);
  EXPECT_EQ(wrong("/metadata/namespace", "other"), 400);
  EXPECT_EQ(client.post("/apis/gateway.networking.k8s.io/v1/httproutes", route("a")).status, 405);
}

TEST(Create, NamesAreRequiredOrMadeUp) {
  Client client;
  auto object = route("");
  auto answer = client.post(kRoutes, object).json();
  EXPECT_EQ(answer["details"]["causes"][0]["reason"], "FieldValueRequired");
  object["metadata"] = {{"generateName", "r-"}};
  std::string first = client.post(kRoutes, object).json()["metadata"]["name"],
              second = client.post(kRoutes, object).json()["metadata"]["name"];
  EXPECT_EQ(first.size(), 7u);
  EXPECT_TRUE(first.starts_with("r-"));
  EXPECT_NE(first, second);
}

TEST(Create, Twice) {
  Client client;
  client.post(kRoutes, route("a"));
  auto answer = client.post(kRoutes, route("a")).json();
  EXPECT_EQ(answer["code"], 409);
  EXPECT_EQ(answer["reason"], "AlreadyExists");
  EXPECT_EQ(answer["message"], "httproutes.gateway.networking.k8s.io \"a\" already exists");
}

TEST(Invalid, HasACauseForEachProblem) {
  Client client;
  auto object = route("a", {{"bad", true}});
  auto one = client.post(kRoutes, object).json();
  EXPECT_EQ(one["code"], 422);
  EXPECT_EQ(one["message"], "HTTPRoute.gateway.networking.k8s.io \"a\" is invalid: spec.bad: invalid value: got true");
  EXPECT_EQ(one["details"]["kind"], "HTTPRoute");
  object["extra"] = 1;
  auto two = client.post(kRoutes, object).json();
  EXPECT_EQ(two["message"], "HTTPRoute.gateway.networking.k8s.io \"a\" is invalid: [spec.bad: invalid value: got true, "
                            "extra: strict decoding error: unknown field \"extra\"]");
  EXPECT_EQ(two["details"]["causes"][1],
            (nlohmann::json{{"reason", "FieldValueInvalid"},
                            {"field", "extra"},
                            {"message", "strict decoding error: unknown field \"extra\""}}));
}

TEST(Warnings, AreHeaders) {
  Client client;
  auto answer = client.post(kRoutes, route("a", {{"risky", 1}}));
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.header("warning"), "299 - \"spec.risky: is \\\"risky\\\"\"");
}

TEST(FieldValidation, StrictUnlessSaidOtherwise) {
  Client client;
  auto object = route("a");
  object["extra"] = 1;
  EXPECT_EQ(client.post(kRoutes, object).status, 422);
  EXPECT_EQ(client.post(std::string(kRoutes) + "?fieldValidation=Sometimes", object).status, 400);
  auto answer = client.post(std::string(kRoutes) + "?fieldValidation=Warn", object);
  EXPECT_EQ(answer.status, 201);
  EXPECT_NE(answer.header("warning"), "");
}

TEST(DryRun, StoresNothing) {
  Client client;
  EXPECT_EQ(client.post(std::string(kRoutes) + "?dryRun=All", route("a")).status, 201);
  EXPECT_EQ(client.get(std::string(kRoutes) + "/a").status, 404);
  EXPECT_EQ(client.post(std::string(kRoutes) + "?dryRun=all", route("a")).status, 400);
}

TEST(Replace, NeedsAnObjectAndItsVersion) {
  Client client;
  const std::string url = std::string(kRoutes) + "/a";
  EXPECT_EQ(client.put(url, route("a")).status, 404);
  auto object = client.post(kRoutes, route("a")).json();
  object["spec"]["x"] = 1;
  EXPECT_EQ(client.put(url, object).json()["spec"]["x"], 1);
  auto stale = client.put(url, object).json();
  EXPECT_EQ(stale["reason"], "Conflict");
  EXPECT_EQ(
      stale["message"],
      "Operation cannot be fulfilled on httproutes.gateway.networking.k8s.io \"a\": the object has been modified; "
      "please apply your changes to the latest version and try again");
  EXPECT_EQ(client.put(url, route("a")).status, 200);
  EXPECT_EQ(client.put(url, route("b")).status, 400);
}

TEST(Writes, ToStatusOrWithOtherMethodsAreRefused) {
  Client client;
  client.post(kRoutes, route("a"));
  EXPECT_EQ(client.put(std::string(kRoutes) + "/a/status", route("a")).status, 405);
  EXPECT_EQ(client.send("POST", std::string(kRoutes) + "/a", "{}").status, 405);
  auto answer = client.send("PUT", kRoutes, "{}");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, POST, DELETE");
}

TEST(Writes, AnswerWhenThePlaneSaysSo) {
  Client client;
  client.fake.hold = true;
  auto answer = client.begin("POST", kRoutes, route("a").dump(), {});
  EXPECT_FALSE(answer->has_value());
  client.fake.release();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->status, 201);
}

} // namespace
} // namespace kgw::test
