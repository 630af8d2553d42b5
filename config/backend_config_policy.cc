// kgateway's BackendConfigPolicy: breakers, balancing, outlier detection and health checks of a backend.

#include "config/readers.h"
#include "config/rules.h"
#include "http/target.h"

namespace kgw::config {
namespace {

constexpr auto kGrammar = DurationGrammar::kGateway;
constexpr Duration kMillisecond = std::chrono::milliseconds(1);
constexpr TargetKind kTargets[] = {{"", "Service"}, {"gateway.kgateway.dev", "Backend"}};

bool is_request_path(std::string_view text) {
  return text.starts_with('/') && text.find_first_of(" \t\r\n#") == std::string_view::npos;
}
constexpr TextRule kRequestPath{is_request_path, "a path that starts with /"};

void read_breakers(Value value, BackendOptions& options) {
  Fields fields(std::move(value));
  options.max_connections = fields.integer("maxConnections", {1, INT32_MAX});
  options.max_pending_requests = fields.integer("maxPendingRequests", {1, INT32_MAX});
  options.max_requests = fields.integer("maxRequests", {1, INT32_MAX});
  Value retries = fields.get("maxRetries");
  options.max_retries_at = retries.spot();
  options.max_retries = retries.integer({0, INT32_MAX});
  fields.ignore({"trackRemaining"}); // Envoy's statistics of what is left
}

void read_outlier(const Value& value, BackendOptions& options) {
  if (!value.present()) return;
  Fields fields(value);
  cluster::OutlierDetection outlier;
  Value failures = fields.get("consecutive5xx");
  outlier.consecutive_5xx = static_cast<uint32_t>(failures.integer({0, INT32_MAX}).value_or(outlier.consecutive_5xx));
  if (outlier.consecutive_5xx == 0) failures.warn("0 switches the detection off: no endpoint is ejected");
  outlier.interval = fields.get("interval").duration(kGrammar, kMillisecond).value_or(outlier.interval);
  outlier.base_ejection_time =
      fields.get("baseEjectionTime").duration(kGrammar, kMillisecond).value_or(outlier.base_ejection_time);
  Value most = fields.get("maxEjectionPercent");
  options.max_ejection_at = most.spot();
  outlier.max_ejection_percent = static_cast<uint32_t>(most.integer({0, 100}).value_or(outlier.max_ejection_percent));
  fields.later({"enforcingConsecutive5xx", "splitExternalLocalOriginErrors", "consecutiveLocalOriginFailure",
                "enforcingConsecutiveLocalOriginFailure"});
  options.outlier = outlier;
}

void read_balancer(const Value& value, BackendOptions& options) {
  if (!value.present()) return;
  Fields fields(value);
  BackendOptions::Balancer balancer;
  std::string_view kind = fields.exactly_one({"roundRobin", "leastRequest", "random", "ringHash", "maglev"});
  if (kind == "leastRequest") balancer.balance = cluster::Balance::kLeastRequest;
  if (kind == "random") balancer.balance = cluster::Balance::kRandom;
  Fields round_robin(fields.get("roundRobin")), least(fields.get("leastRequest")), random(fields.get("random"));
  balancer.choices = static_cast<uint32_t>(least.integer("choiceCount", {2, INT32_MAX}).value_or(balancer.choices));
  round_robin.later({"slowStart"});
  least.later({"slowStart"});
  fields.later(
      {"ringHash", "maglev", "healthyPanicThreshold", "localityType", "zoneAware", "closeConnectionsOnHostSetChange"});
  fields.ignore({"updateMergeWindow"}); // changes of endpoints are in force at once
  options.balancer = balancer;
}

void read_http_check(Value value, cluster::HealthCheck& health) {
  Fields fields(std::move(value));
  health.host = fields.text("host", {http::valid_authority, "HOST or HOST:PORT", kMostNameBytes});
  health.path = fields.text("path", kRequestPath, Need::kRequired);
  health.method =
      fields.get("method").word({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"}, health.method);
}

void read_grpc_check(const Value& value, cluster::HealthCheck& health) {
  health.grpc = value.present();
  Fields fields(value);
  health.service = fields.text("serviceName", {[](std::string_view) { return true; }, "a name", kMostNameBytes});
  std::string authority = fields.text("authority", {http::valid_authority, "HOST or HOST:PORT", kMostNameBytes});
  if (!authority.empty()) health.host = authority;
}

void read_health(const Value& value, BackendOptions& options) {
  if (!value.present()) return;
  Fields fields(value);
  cluster::HealthCheck health;
  auto time = [&](std::string_view key) {
    return fields.get(key, Need::kRequired).duration(kGrammar, kMillisecond).value_or(Duration::zero());
  };
  auto count = [&](std::string_view key) {
    return static_cast<uint32_t>(fields.integer(key, {0, INT32_MAX}, Need::kRequired).value_or(0));
  };
  health.timeout = time("timeout");
  health.interval = time("interval");
  health.unhealthy_threshold = count("unhealthyThreshold");
  health.healthy_threshold = count("healthyThreshold");
  fields.exactly_one({"http", "grpc"});
  read_http_check(fields.get("http"), health);
  read_grpc_check(fields.get("grpc"), health);
  options.health = std::move(health);
}

void name_unbuilt_fields(Fields& spec) {
  spec.later({"dns", "perConnectionBufferLimitBytes", "tcpKeepalive", "commonHttpProtocolOptions",
              "http1ProtocolOptions", "http2ProtocolOptions", "upstreamProxyProtocol"});
  spec.protect(kTlsProtections,
               Fields::Off::kNone); // without it, what was meant to be encrypted would go out in plain text
}

} // namespace

BackendConfigPolicy read_backend_config_policy(Fields& top) {
  Fields spec(top.get("spec", Need::kRequired));
  BackendConfigPolicy policy;
  policy.targets = read_policy_targets(spec, {.kinds = kTargets, .selectors = true});
  policy.connect_timeout = spec.get("connectTimeout").duration(kGrammar, kMillisecond);
  read_breakers(spec.get("circuitBreakers"), policy);
  read_outlier(spec.get("outlierDetection"), policy);
  read_balancer(spec.get("loadBalancer"), policy);
  read_health(spec.get("healthCheck"), policy);
  name_unbuilt_fields(spec);
  return policy;
}

} // namespace kgw::config
