// What holds for every kind: identity, metadata, unknown fields, settings in annotations.

#include <gmock/gmock.h>

#include "unit/config/load.h"

namespace kgw::config {
namespace {

using test::document;
using test::lines;
using test::load;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string service(const std::string& metadata) {
  return "apiVersion: v1\nkind: Service\nmetadata: " + metadata + "\nspec: {ports: [{port: 80}]}\n";
}

TEST(Document, NeedsToBeAnObjectWithAKind) {
  EXPECT_THAT(lines(load("[a]")), ElementsAre("f.yaml:1:1: invalid value: got a list; need an object"));
  EXPECT_THAT(lines(load("kind: Service\nfoo: 1")),
              ElementsAre("f.yaml:1:1: apiVersion: required value missing: got nothing; need apiVersion"));
}

TEST(Document, IdentityDefaultsToTheNamespaceOfTheCall) {
  EXPECT_EQ(load(service("{name: a}")).object->id.text(), "Service default/a");
  EXPECT_EQ(load(service("{name: a}"), "web").object->id.text(), "Service web/a");
  EXPECT_EQ(load(service("{name: a, namespace: null}"), "web").object->id.text(), "Service web/a");
  EXPECT_THAT(lines(load(service("{name: a, namespace: b}"), "web")),
              ElementsAre("f.yaml:3:32: Service b/a: metadata.namespace: namespace mismatch: got \"b\"; need \"web\" "
                          "(the namespace of this call)"));
}

TEST(Document, BothRouteOptionGroupsAreOneKind) {
  auto solo = load("apiVersion: gateway.solo.io/v1\nkind: RouteOption\nmetadata: {name: a}\nspec: {}\n");
  auto kgateway = load("apiVersion: gateway.kgateway.dev/v1alpha1\nkind: RouteOption\nmetadata: {name: a}\nspec: {}\n");
  EXPECT_EQ(solo.object->id, kgateway.object->id);
  EXPECT_EQ(kgateway.object->api_version, "gateway.kgateway.dev/v1alpha1");
}

TEST(Document, AnUpstreamOfOneGroupIsNotThatOfTheOther) {
  auto gloo = load(test::document("gloo.solo.io/v1", "Upstream", "spec: {static: {hosts: [{addr: a, port: 80}]}}"));
  auto kgateway = load(
      test::document("gateway.kgateway.dev/v1alpha1", "Upstream", "spec: {static: {hosts: [{host: a, port: 80}]}}"));
  EXPECT_NE(gloo.object->id, kgateway.object->id);
  EXPECT_EQ(gloo.object->id.text(), kgateway.object->id.text());
  EXPECT_EQ(kgateway.object->id.group, "gateway.kgateway.dev");
}

TEST(Metadata, NamesFollowTheRuleOfTheKind) {
  EXPECT_THAT(
      lines(load(service("{name: 1a}"))),
      ElementsAre("f.yaml:3:18: Service default/1a: metadata.name: invalid value: got \"1a\"; need a DNS label that "
                  "starts with a letter"));
  EXPECT_THAT(lines(load(service("{generateName: a-}"))), ElementsAre(HasSubstr("need metadata.name")));
  EXPECT_THAT(lines(load(service("{}"))),
              ElementsAre("f.yaml:3:11: metadata.name: required value missing: got nothing; need name"));
}

TEST(Metadata, LabelsAreTexts) {
  EXPECT_THAT(lines(load(service("{name: a, labels: {x: true, y: 1, z: 'on'}, annotations: {b: on}}"))),
              ElementsAre(HasSubstr("metadata.labels[x]: invalid value: got true; need a text (put it in quotes)"),
                          HasSubstr("metadata.labels[y]: invalid value: got 1"),
                          HasSubstr("metadata.annotations[b]: invalid value: got on")));
}

TEST(Metadata, ServerOwnedFieldsAreAccepted) {
  EXPECT_THAT(
      lines(load(service("{name: a, uid: x, generation: 3, resourceVersion: '5', managedFields: [], finalizers: [], "
                         "ownerReferences: [], selfLink: x, creationTimestamp: null}") +
                 "status: {anything: goes}\n")),
      IsEmpty());
  EXPECT_EQ(load(service("{name: a, creationTimestamp: 2026-11-24T22:50:15Z}")).object->creation_timestamp,
            "2026-11-24T22:50:15Z");
  EXPECT_THAT(lines(load(service("{name: a, creationTimestamp: yesterday}"))),
              ElementsAre(HasSubstr("need a time such as")));
}

TEST(Kind, OutsideTheGatewayGroupsIsKeptWithoutMeaning) {
  Validated deployment =
      load("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, anything: 1}\nspec: {replicas: 0x1}\n");
  EXPECT_TRUE(deployment.ignored);
  EXPECT_EQ(deployment.object->id.kind, Kind::kIgnored);
  EXPECT_TRUE(load("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {}\n").ignored);
  EXPECT_TRUE(load("apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: a}\n").ignored);
  Validated role = load("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'system:x'}\n");
  EXPECT_EQ(role.object->id.namespace_name, "");
}

TEST(Kind, UnknownOrNotBuiltIsNeverSilent) {
  auto first = [](const std::string& api_version, const std::string& kind) {
    Validated validated =
        load("apiVersion: " + api_version + "\nkind: " + kind + "\nmetadata: {name: a}\nspec: {x: 1}\n");
    EXPECT_FALSE(validated.object);
    EXPECT_EQ(validated.problems.size(), 1u);
    return validated.problems.empty() ? "" : validated.problems[0].text;
  };
  const char* kLater = "kind not supported yet by kgwcore (accepted by kgateway)";
  const char* kNever = "kind not supported by kgwcore (accepted by kgateway)";
  EXPECT_EQ(first("gateway.networking.x-k8s.io/v1alpha1", "XBackend"), kLater);
  EXPECT_EQ(first("v1", "Endpoints"), kLater);
  EXPECT_THAT(first("gloo.solo.io/v1", "Upsteam"), HasSubstr("did you mean \"Upstream\"?"));
  EXPECT_EQ(first("gateway.networking.k8s.io/v1", "GRPCRoute"), kNever);
  EXPECT_EQ(first("gateway.solo.io/v1", "VirtualHostOption"), kNever);
  EXPECT_THAT(first("gateway.networking.k8s.io/v1", "HttpRout"), HasSubstr("did you mean \"HTTPRoute\"?"));
  EXPECT_THAT(first("gateway.networking.k8s.io/v1alpha9", "HTTPRoute"), HasSubstr("need version v1 or v1beta1"));
  EXPECT_THAT(first("gateway.networkin.k8s.io/v1", "HTTPRoute"), HasSubstr("did you mean the group"));
  EXPECT_THAT(first("v1", "HTTPRoute"), HasSubstr("no such kind"));
  EXPECT_THAT(first("v2", "Service"), HasSubstr("need version v1"));
}

TEST(Kind, ClusterKindsHaveNoNamespace) {
  EXPECT_EQ(load("apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {x: z}}\n", "web").object->id.text(),
            "Namespace a");
  EXPECT_THAT(lines(load("apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: b}\n")),
              ElementsAre(HasSubstr("no namespace")));
  EXPECT_TRUE(load("apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: a}\nspec: "
                   "{controllerName: a/b}\n")
                  .object);
}

TEST(UnknownField, StandsAtItsKeyWithTheNearestName) {
  EXPECT_THAT(
      lines(load("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports: [{port: 80, targetport: "
                 "8080}]\nsepc: 1\n")),
      ElementsAre("f.yaml:5:22: Service default/a: spec.ports[0].targetport: unknown field: got \"targetport\"; need a "
                  "known field (did you mean \"targetPort\"?)",
                  "f.yaml:6:1: Service default/a: sepc: unknown field: got \"sepc\"; need a known field (did you mean "
                  "\"spec\"?)"));
}

TEST(UnknownField, IsAWarningOrPrunedInTheOtherModes) {
  const std::string text = service("{name: a, na/me: x}") + "x~y: 1\n";
  Validated warned = load(text, "", FieldValidation::kWarn);
  EXPECT_TRUE(warned.object);
  EXPECT_THAT(lines(warned), ElementsAre(HasSubstr("warning: metadata[na/me]: unknown field"),
                                         HasSubstr("warning: x~y: unknown field")));
  EXPECT_THAT(warned.pruned, testing::UnorderedElementsAre("/metadata/na~1me", "/x~0y"));
  Validated ignored = load(text, "", FieldValidation::kIgnore);
  EXPECT_TRUE(ignored.object);
  EXPECT_TRUE(ignored.problems.empty());
  EXPECT_EQ(ignored.pruned.size(), 2u);
  EXPECT_FALSE(load(text).object);
}

TEST(Json, HasNoPositionsAndNoFile) {
  auto json = nlohmann::json::parse(
      R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":"80"}]}})");
  Validated validated = validate(Document{"", node_from_json(json)}, "");
  EXPECT_THAT(lines(validated),
              ElementsAre("Service default/a: spec.ports[0].port: invalid value: got \"80\"; need an integer from "
                          "1 to 65535 (without quotes)"));
}

TEST(Settings, AreCheckedWithTheScopeOfTheKind) {
  EXPECT_THAT(lines(load(service("{name: a, annotations: {kgwcore.dev/max_retries: '5', other/x: z}}"))), IsEmpty());
  EXPECT_THAT(
      lines(load(service("{name: a, annotations: {kgwcore.dev/max_retrie: '5'}}"))),
      ElementsAre(
          "f.yaml:3:35: Service default/a: metadata.annotations[kgwcore.dev/max_retrie]: invalid value: unknown "
          "setting \"max_retrie\"; did you mean \"max_retries\"?"));
  EXPECT_THAT(lines(load(service("{name: a, annotations: {kgwcore.dev/replay_limit_bytes: '5'}}"))),
              ElementsAre(HasSubstr("has route scope")));
  EXPECT_THAT(lines(load(service("{name: a, annotations: {kgwcore.dev/max_retries: '-5'}}"))),
              ElementsAre(HasSubstr("f.yaml:3:60: ")));
  EXPECT_THAT(lines(load("apiVersion: v1\nkind: Namespace\nmetadata: {name: a, annotations: {kgwcore.dev/x: '1'}}\n")),
              ElementsAre(HasSubstr("a Namespace has no settings")));
}

TEST(Diagnostics, HaveOneCodeAClass) {
  Validated validated = load("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 0}], x: 1}\n");
  ASSERT_EQ(validated.problems.size(), 2u);
  EXPECT_EQ(validated.problems[0].code(), "invalid_value");
  EXPECT_EQ(validated.problems[1].code(), "unknown_field");
}

TEST(Metadata, OnlyTheWholeNameHasALength) {
  EXPECT_TRUE(
      load(document("gateway.solo.io/v1", "RouteOption", "spec: {}", "{name: " + std::string(100, 'a') + "}")).object);
  EXPECT_FALSE(
      load(document("gateway.solo.io/v1", "RouteOption", "spec: {}", "{name: " + std::string(254, 'a') + "}")).object);
  EXPECT_FALSE(
      load(document("v1", "Service", "spec: {ports: [{port: 1}]}", "{name: " + std::string(64, 'a') + "}")).object);
  EXPECT_FALSE(load(document("v1", "Namespace", "", "{name: a.b}")).object);
}

TEST(Metadata, AnEmptyNamespaceIsNone) {
  EXPECT_EQ(
      load(document("gateway.solo.io/v1", "RouteOption", "spec: {}", "{name: x, namespace: ''}")).id->namespace_name,
      "default");
}

TEST(Metadata, TheNamespaceOfTheCallFollowsTheRuleToo) {
  EXPECT_THAT(lines(load(document("gateway.solo.io/v1", "RouteOption", "spec: {}"), "Not_One")),
              ElementsAre(HasSubstr("got \"Not_One\"; need a DNS label")));
}

TEST(Metadata, TimestampsAreTimes) {
  auto of = [](const std::string& time) {
    return load(document("gateway.solo.io/v1", "RouteOption", "spec: {}",
                         "{name: x, creationTimestamp: '" + time + "'}"))
        .object.has_value();
  };
  for (const char* good : {"2024-02-29T23:59:59Z", "2026-11-24T22:50:15.5+02:00"}) EXPECT_TRUE(of(good)) << good;
  for (const char* bad :
       {"2023-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00+24:00", "2026-01-01"})
    EXPECT_FALSE(of(bad)) << bad;
}

TEST(Kind, OtherCoreKindsAreNoSlips) {
  for (const char* kind : {"Node", "Event", "ReplicationController"})
    EXPECT_TRUE(load(document("v1", kind, "")).ignored) << kind;
  EXPECT_THAT(lines(load(document("v1", "Servce", "spec: {}"))), ElementsAre(HasSubstr("did you mean \"Service\"?")));
}

TEST(Kind, ANamesakeOfAnotherGroupIsIgnoredWithAWarning) {
  Validated validated = load(document("networking.istio.io/v1", "Gateway", "spec: {}"));
  EXPECT_TRUE(validated.ignored);
  EXPECT_THAT(lines(validated), ElementsAre(HasSubstr("the one that is served is of gateway.networking.k8s.io")));
  EXPECT_THAT(lines(load(document("apps/v1", "Service", "spec: {}"))), ElementsAre(HasSubstr("is of the core group")));
}

TEST(Kind, AListMayBeEmpty) {
  for (const char* text : {"apiVersion: v1\nkind: List\nitems: []\n", "apiVersion: v1\nkind: List\nitems:\n",
                           "apiVersion: v1\nkind: List\n"})
    EXPECT_TRUE(parse_text(text, "f").documents.empty()) << text;
  EXPECT_THAT(lines(load("apiVersion: v1\nkind: List\nmetadata: {name: x}\nitems: {a: 1}\n")),
              ElementsAre(HasSubstr("got an object; need a list of objects")));
}

} // namespace
} // namespace kgw::config
