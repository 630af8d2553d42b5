// BackendConfigPolicy and XBackendTrafficPolicy in a cluster's Spec.

#include <gmock/gmock.h>

#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const char* kOnService = "targetRefs: [{group: '', kind: Service, name: svc}], ";
std::string base() { return std::string(kGateway) + kService + route_of("r", std::string("{") + kToService + "}"); }
std::string config_of(const std::string& name, const std::string& spec) {
  return policy_of("gateway.kgateway.dev/v1alpha1", "BackendConfigPolicy", "{name: " + name + ", namespace: app}",
                   spec);
}
std::string budget_of(const std::string& name, const std::string& spec, const std::string& targets = kOnService) {
  return policy_of("gateway.networking.x-k8s.io/v1alpha1", "XBackendTrafficPolicy",
                   "{name: " + name + ", namespace: app}", targets + spec);
}
std::string config_status(World& world, const std::string& name, const std::string& type) {
  return world.ancestor(identity("backendconfigpolicy", "app", name), type);
}
std::string budget_status(World& world, const std::string& name) {
  return world.ancestor(identity("xbackendtrafficpolicy", "app", name), "Accepted");
}

TEST(BackendPolicies, EachFieldReachesEveryPortOfTheService) {
  World world;
  world.load(std::string(kGateway) + kService +
             route_of("r", "{backendRefs: [{name: svc, port: 80}, {name: svc, port: 81}]}") +
             config_of("c", std::string(kOnService) +
                                "connectTimeout: 250ms, circuitBreakers: {maxConnections: 1, maxPendingRequests: 2, "
                                "maxRequests: 3, maxRetries: 4}, outlierDetection: {consecutive5xx: 7}, loadBalancer: "
                                "{leastRequest: {choiceCount: 3}}, healthCheck: {timeout: 1s, interval: 2s, "
                                "unhealthyThreshold: 3, healthyThreshold: 4, http: {path: /h}}"));
  ASSERT_EQ(world.spec.clusters.size(), 2u);
  for (const snapshot::ClusterSpec& cluster : world.spec.clusters) {
    EXPECT_EQ(cluster.settings.connect_timeout_ms, 250);
    EXPECT_EQ(cluster.settings.max_connections, 1);
    EXPECT_EQ(cluster.settings.max_pending_requests, 2);
    EXPECT_EQ(cluster.settings.max_requests, 3);
    EXPECT_EQ(cluster.settings.max_retries, 4);
    EXPECT_EQ(cluster.policy.outlier->consecutive_5xx, 7u);
    EXPECT_EQ(cluster.policy.balance, cluster::Balance::kLeastRequest);
    EXPECT_EQ(cluster.policy.choices, 3u);
    EXPECT_EQ(cluster.policy.health->path, "/h");
    EXPECT_EQ(cluster.policy.health->healthy_threshold, 4u);
  }
  EXPECT_EQ(config_status(world, "c", "Accepted"), "True Valid");
  EXPECT_EQ(config_status(world, "c", "Attached"), "True Attached");
}

TEST(BackendPolicies, WithoutAnyTheClusterIsPlain) {
  World world;
  world.load(base());
  EXPECT_EQ(world.spec.clusters.at(0).policy, cluster::Policy{});
  EXPECT_EQ(world.spec.clusters[0].settings, snapshot::ClusterSettings{});
}

TEST(BackendPolicies, AFieldBeatsTheAnnotation) {
  World world;
  std::string service = kService;
  service.insert(service.find("namespace: app}") + 14,
                 ", annotations: {kgwcore.dev/max_retries: '9', kgwcore.dev/max_requests: '8'}");
  world.load(std::string(kGateway) + service + route_of("r", std::string("{") + kToService + "}") +
             config_of("c", std::string(kOnService) + "circuitBreakers: {maxRetries: 5}"));
  EXPECT_EQ(world.spec.clusters.at(0).settings.max_retries, 5);
  EXPECT_EQ(world.spec.clusters[0].settings.max_requests, 8) << "a field that is not there beats nothing";
}

TEST(BackendPolicies, OfEachFieldTheOldestWins) {
  World world;
  world.load(base() + config_of("b", std::string(kOnService) + "connectTimeout: 1s"));
  world.now_us += 5'000'000;
  world.load(config_of("a", std::string(kOnService) + "connectTimeout: 2s, circuitBreakers: {maxRetries: 5}") +
             config_of("c", std::string(kOnService) + "connectTimeout: 3s"));
  EXPECT_EQ(world.spec.clusters.at(0).settings.connect_timeout_ms, 1000);
  EXPECT_EQ(world.spec.clusters[0].settings.max_retries, 5);
  EXPECT_EQ(config_status(world, "a", "Attached"), "True Merged");
  EXPECT_EQ(config_status(world, "c", "Attached"), "False Overridden");
}

TEST(BackendPolicies, ABackendIsATargetToo) {
  World world;
  world.load(
      std::string(kGateway) +
      "apiVersion: gateway.kgateway.dev/v1alpha1\nkind: Backend\nmetadata: {name: b, namespace: app}\nspec: "
      "{static: {hosts: [{host: a.b, port: 80}]}}\n---\n" +
      route_of("r", "{backendRefs: [{group: gateway.kgateway.dev, kind: Backend, name: b}]}") +
      config_of("c",
                "targetRefs: [{group: gateway.kgateway.dev, kind: Backend, name: b}], loadBalancer: {random: {}}") +
      budget_of("x", "retryConstraint: {}", "targetRefs: [{group: gateway.kgateway.dev, kind: Backend, name: b}], "));
  EXPECT_EQ(world.spec.clusters.at(0).policy.balance, cluster::Balance::kRandom);
  EXPECT_EQ(world.spec.clusters[0].policy.retry_budget, cluster::RetryRateBudget{});
  EXPECT_THAT(world.warnings, IsEmpty());
}

TEST(BackendPolicies, ATargetThatIsNotThere) {
  World world;
  world.load(base() + config_of("c", "targetRefs: [{group: '', kind: Service, name: gone}], connectTimeout: 1s") +
             budget_of("x", "retryConstraint: {}",
                       "targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r}], "));
  EXPECT_EQ(config_status(world, "c", "Accepted"), "False TargetNotFound");
  EXPECT_EQ(budget_status(world, "x"), "False Invalid");
  EXPECT_THAT(
      world.warning_lines(),
      ElementsAre(HasSubstr("BackendConfigPolicy app/c: warning: spec.targetRefs[0]: Service app/gone does not exist"),
                  HasSubstr("HTTPRoute is no kind that a XBackendTrafficPolicy can be attached to here")));
}

TEST(BackendPolicies, TheOldestBudgetHoldsAndTheOtherIsInConflict) {
  World world;
  world.load(base() + budget_of("b", "retryConstraint: {budget: {percent: 50}, minRetryRate: {count: 3}}"));
  world.now_us += 5'000'000;
  world.load(budget_of("a", "retryConstraint: {budget: {percent: 60}}") +
             budget_of("without", "retryConstraint: null"));
  EXPECT_EQ(*world.spec.clusters.at(0).policy.retry_budget, (cluster::RetryRateBudget{50, 10s, 3, 1s}));
  EXPECT_EQ(budget_status(world, "b"), "True Accepted");
  EXPECT_EQ(budget_status(world, "a"), "False Conflicted");
  EXPECT_EQ(budget_status(world, "without"), "True Accepted");
  EXPECT_EQ(world.object("xbackendtrafficpolicy", "app", "b").status["ancestors"][0]["conditions"].size(), 1u);
}

TEST(BackendPolicies, ABudgetMakesMaxRetriesDead) {
  World world;
  world.load(base() + config_of("c", std::string(kOnService) + "circuitBreakers: {maxRetries: 5}") +
             budget_of("x", "retryConstraint: {}"));
  EXPECT_THAT(
      world.warning_lines(),
      ElementsAre(HasSubstr("BackendConfigPolicy app/c: warning: spec.circuitBreakers.maxRetries: has no effect: the "
                            "retry budget of XBackendTrafficPolicy app/x takes its place")));
}

// Of a Service with two endpoints.
std::vector<std::string> ejection_advice(const std::string& outlier, bool names = false) {
  World world;
  std::string service = kService;
  service.resize(service.find("addressType"));
  service += names ? "addressType: FQDN\nendpoints: [{addresses: [a.example]}, {addresses: [b.example]}]\n"
                   : "addressType: IPv4\nendpoints: [{addresses: [127.0.0.1]}, {addresses: [127.0.0.2]}]\n";
  world.load(std::string(kGateway) + service + "ports: [{name: web, port: 80}]\n---\n" +
             route_of("r", std::string("{") + kToService + "}") +
             config_of("c", std::string(kOnService) + "outlierDetection: {" + outlier + "}"));
  return world.warning_lines();
}

TEST(BackendPolicies, APercentageThatEjectsNobodyIsSaid) {
  EXPECT_THAT(
      ejection_advice("interval: 1s"),
      ElementsAre(HasSubstr(
          "BackendConfigPolicy app/c: warning: spec.outlierDetection.maxEjectionPercent: ejects none of the 2 "
          "endpoints of Service app/svc: one of them is more than 10 percent, as in Envoy; 50 percent are enough")));
  EXPECT_THAT(ejection_advice("maxEjectionPercent: 49"), ElementsAre(HasSubstr("more than 49 percent")));
  EXPECT_THAT(ejection_advice("maxEjectionPercent: 50"), IsEmpty());
  EXPECT_THAT(ejection_advice("consecutive5xx: 0"), IsEmpty()) << "that was said at reading";
  EXPECT_THAT(ejection_advice("interval: 1s", true), IsEmpty()) << "how many a name stands for is not known yet";
}

} // namespace
} // namespace kgw::config::test
