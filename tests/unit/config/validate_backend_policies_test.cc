// BackendConfigPolicy and XBackendTrafficPolicy.

#include <gmock/gmock.h>

#include "unit/config/load.h"

namespace kgw::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::lines;
using test::load;
using test::payload;
using test::problem;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

std::string config(const std::string& fields) {
  return test::document("gateway.kgateway.dev/v1alpha1", "BackendConfigPolicy", "spec: {" + fields + "}");
}
std::string check(const std::string& fields, const std::string& http = "http: {path: /health}") {
  return config("healthCheck: {timeout: 1s, interval: 5s, unhealthyThreshold: 3, healthyThreshold: 2, " + http +
                fields + "}");
}
std::string traffic(const std::string& fields) {
  return test::document("gateway.networking.x-k8s.io/v1alpha1", "XBackendTrafficPolicy",
                        "spec: {targetRefs: [{group: '', kind: Service, name: s}], " + fields + "}");
}

TEST(BackendConfigPolicy, ReadsTimeoutAndBreakers) {
  auto read = payload<BackendConfigPolicy>(config(
      "targetRefs: [{group: '', kind: Service, name: s}, {group: gateway.kgateway.dev, kind: Backend, name: b}], "
      "targetSelectors: [{group: '', kind: Service, matchLabels: {a: b}}], connectTimeout: 250ms, circuitBreakers: "
      "{maxConnections: 1, maxPendingRequests: 2, maxRequests: 3, maxRetries: 0, trackRemaining: true}"));
  EXPECT_EQ(read.targets.size(), 3u);
  EXPECT_EQ(read.connect_timeout, milliseconds(250));
  EXPECT_EQ(read.max_connections, 1);
  EXPECT_EQ(read.max_pending_requests, 2);
  EXPECT_EQ(read.max_requests, 3);
  EXPECT_EQ(read.max_retries, 0);
  auto none = payload<BackendConfigPolicy>(config(""));
  EXPECT_FALSE(none.connect_timeout || none.max_retries || none.outlier || none.health || none.balancer);
}

TEST(BackendConfigPolicy, ReadsOutlierDetection) {
  auto read = payload<BackendConfigPolicy>(
      config("outlierDetection: {consecutive5xx: 3, interval: 1s, baseEjectionTime: 2m, maxEjectionPercent: 50}"));
  cluster::OutlierDetection expected;
  expected.consecutive_5xx = 3;
  expected.interval = seconds(1);
  expected.base_ejection_time = seconds(120);
  expected.max_ejection_percent = 50;
  EXPECT_EQ(*read.outlier, expected);
  EXPECT_EQ(*payload<BackendConfigPolicy>(config("outlierDetection: {}")).outlier, cluster::OutlierDetection{});
  EXPECT_THAT(problem(config("outlierDetection: {consecutive5xx: 0}")), HasSubstr("0 switches the detection off"));
}

TEST(BackendConfigPolicy, ReadsTheBalancer) {
  auto balancer = [](const std::string& fields) {
    return *payload<BackendConfigPolicy>(config("loadBalancer: {" + fields + "}")).balancer;
  };
  EXPECT_EQ(balancer("roundRobin: {}").balance, cluster::Balance::kRoundRobin);
  EXPECT_EQ(balancer("random: {}").balance, cluster::Balance::kRandom);
  EXPECT_EQ(balancer("leastRequest: {}").balance, cluster::Balance::kLeastRequest);
  EXPECT_EQ(balancer("leastRequest: {}").choices, 2u);
  EXPECT_EQ(balancer("leastRequest: {choiceCount: 5}").choices, 5u);
  EXPECT_EQ(problem(config("loadBalancer: {}")),
            "spec.loadBalancer: required value missing: got nothing; need exactly one of roundRobin, leastRequest, "
            "random, ringHash, maglev");
  EXPECT_EQ(
      problem(config("loadBalancer: {random: {}, roundRobin: {}}")),
      "spec.loadBalancer: invalid value: got roundRobin and random; need exactly one of roundRobin, leastRequest, "
      "random, ringHash, maglev");
  EXPECT_THAT(problem(config("loadBalancer: {ringHash: {}}")), HasSubstr("ringHash: not supported yet"));
  EXPECT_THAT(problem(config("loadBalancer: {maglev: {}}")), HasSubstr("maglev: not supported yet"));
  EXPECT_THAT(problem(config("loadBalancer: {roundRobin: {slowStart: {}}}")),
              HasSubstr("slowStart: not supported yet"));
}

TEST(BackendConfigPolicy, ReadsAnHttpHealthCheck) {
  auto health = *payload<BackendConfigPolicy>(check("")).health;
  EXPECT_EQ(health.timeout, seconds(1));
  EXPECT_EQ(health.interval, seconds(5));
  EXPECT_EQ(health.unhealthy_threshold, 3u);
  EXPECT_EQ(health.healthy_threshold, 2u);
  EXPECT_EQ(health.path, "/health");
  EXPECT_EQ(health.host, "");
  EXPECT_EQ(health.method, "GET");
  auto other = *payload<BackendConfigPolicy>(check("", "http: {path: '/x?y', host: 'a.b:80', method: HEAD}")).health;
  EXPECT_EQ(other.path, "/x?y");
  EXPECT_EQ(other.host, "a.b:80");
  EXPECT_EQ(other.method, "HEAD");
}

TEST(BackendConfigPolicy, GrpcHealthCheck) {
  auto health = *payload<BackendConfigPolicy>(check("", "grpc: {}")).health;
  EXPECT_TRUE(health.grpc);
  EXPECT_EQ(health.service + health.host, "");
  health = *payload<BackendConfigPolicy>(check("", "grpc: {serviceName: a.B, authority: 'c.d:80'}")).health;
  EXPECT_EQ(health.service, "a.B");
  EXPECT_EQ(health.host, "c.d:80");
  EXPECT_FALSE(payload<BackendConfigPolicy>(check("")).health->grpc);
}

TEST(BackendConfigPolicy, HealthChecksAreWhole) {
  EXPECT_EQ(lines(load(config("healthCheck: {http: {path: /}}"))).size(), 4u) << "each required field is named";
  EXPECT_THAT(problem(check("", "")), HasSubstr("need exactly one of http, grpc"));
  EXPECT_THAT(problem(check("", "grpc: {}, http: {path: /}")), HasSubstr("need exactly one of http, grpc"));
  EXPECT_THAT(problem(check("", "grpc: {authority: 'a b'}")), HasSubstr("need HOST or HOST:PORT"));
  EXPECT_THAT(problem(check("", "grpc: {service: a}")), HasSubstr("service"));
  EXPECT_THAT(problem(check("", "http: {}")), HasSubstr("need path"));
  EXPECT_THAT(problem(check("", "http: {path: health}")), HasSubstr("need a path that starts with /"));
  EXPECT_THAT(problem(check("", "http: {path: /, method: CONNECT}")), HasSubstr("need one of GET, HEAD"));
  EXPECT_THAT(problem(check("", "http: {path: /, host: 'a b'}")), HasSubstr("need HOST or HOST:PORT"));
  EXPECT_THAT(problem(check(", tcp: {}")), HasSubstr("unknown field"));
}

TEST(BackendConfigPolicy, ValuesAreChecked) {
  EXPECT_THAT(problem(config("connectTimeout: 0s")), HasSubstr("at least 1ms"));
  EXPECT_THAT(problem(config("connectTimeout: 0.5s")), HasSubstr("need a duration in whole"));
  EXPECT_THAT(problem(config("circuitBreakers: {maxConnections: 0}")), HasSubstr("got 0; need an integer from 1"));
  EXPECT_THAT(problem(config("circuitBreakers: {maxRetrys: 0}")), HasSubstr("did you mean \"maxRetries\"?"));
  EXPECT_THAT(problem(config("outlierDetection: {maxEjectionPercent: 101}")), HasSubstr("from 0 to 100"));
  EXPECT_THAT(problem(config("loadBalancer: {leastRequest: {choiceCount: 1}}")), HasSubstr("got 1; need"));
  EXPECT_EQ(problem(config("targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r}]")),
            "spec.targetRefs[0].kind: unsupported value: got \"gateway.networking.k8s.io/HTTPRoute\"; need one of "
            "Service, gateway.kgateway.dev/Backend");
  EXPECT_THAT(problem(config("targetRefs: [{group: '', kind: Service, name: s, sectionName: p}]")),
              HasSubstr("unknown field"));
}

TEST(BackendConfigPolicy, WhatIsNotBuiltSaysSo) {
  for (const char* later : {"http1ProtocolOptions", "http2ProtocolOptions", "commonHttpProtocolOptions", "tcpKeepalive",
                            "perConnectionBufferLimitBytes", "dns", "upstreamProxyProtocol"}) {
    EXPECT_THAT(problem(config(std::string(later) + ": {}")),
                EndsWith(": not supported yet by kgwcore (accepted by kgateway)"))
        << later;
  }
  Validated tls = load(config("tls: {sni: a.b}"));
  EXPECT_FALSE(tls.object);
  EXPECT_TRUE(tls.protection) << "plain text instead is no way to serve it";
}

TEST(BackendTrafficPolicy, ReadsTheBudget) {
  auto read = payload<BackendTrafficPolicy>(
      traffic("retryConstraint: {budget: {percent: 50, interval: 1m}, minRetryRate: {count: 3, interval: 500ms}}"));
  EXPECT_EQ(*read.retry_budget, (cluster::RetryRateBudget{50, seconds(60), 3, milliseconds(500)}));
  EXPECT_EQ(*payload<BackendTrafficPolicy>(traffic("retryConstraint: {}")).retry_budget, cluster::RetryRateBudget{});
  EXPECT_FALSE(payload<BackendTrafficPolicy>(traffic("")).retry_budget);
}

TEST(BackendTrafficPolicy, ValuesAreChecked) {
  auto budget = [](const std::string& fields) {
    return problem(traffic("retryConstraint: {budget: {" + fields + "}}"));
  };
  auto rate = [](const std::string& fields) {
    return problem(traffic("retryConstraint: {minRetryRate: {" + fields + "}}"));
  };
  EXPECT_THAT(budget("percent: 101"), HasSubstr("got 101; need an integer from 0 to 100"));
  EXPECT_THAT(budget("interval: 999ms"), HasSubstr("at least 1s"));
  EXPECT_EQ(budget("interval: 61m"),
            "spec.retryConstraint.budget.interval: invalid value: got \"61m\"; need a duration "
            "of at most 1h");
  EXPECT_THAT(rate("count: 0"), HasSubstr("got 0; need an integer from 1 to 1000000"));
  EXPECT_THAT(rate("interval: 0s"), HasSubstr("at least 1ms"));
  EXPECT_THAT(rate("interval: 2h"), HasSubstr("at most 1h"));
  EXPECT_THAT(problem(traffic("sessionPersistence: {}")), HasSubstr("not supported yet"));
  EXPECT_THAT(problem(test::document("gateway.networking.x-k8s.io/v1alpha1", "XBackendTrafficPolicy", "spec: {}")),
              HasSubstr("need targetRefs"));
}

} // namespace
} // namespace kgw::config
