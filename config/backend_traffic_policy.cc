// The Gateway API's XBackendTrafficPolicy: a retry budget.

#include "config/readers.h"

namespace kgw::config {
namespace {

constexpr auto kGrammar = DurationGrammar::kGateway;
constexpr Duration kSecond = std::chrono::seconds(1), kMillisecond = std::chrono::milliseconds(1);
constexpr Duration kHour = std::chrono::hours(1);

Duration read_interval(Fields& fields, Duration least, Duration standard) {
  Value value = fields.get("interval");
  auto interval = value.duration(kGrammar, least);
  if (interval && *interval > kHour) value.error(ProblemClass::kInvalid, "a duration of at most 1h");
  return interval.value_or(standard);
}

cluster::RetryRateBudget read_constraint(const Value& value) {
  Fields fields(value);
  cluster::RetryRateBudget made;
  Fields budget(fields.get("budget"));
  made.percent = static_cast<uint32_t>(budget.integer("percent", {0, 100}).value_or(made.percent));
  made.interval = read_interval(budget, kSecond, made.interval);
  Fields rate(fields.get("minRetryRate"));
  made.min_count = static_cast<uint32_t>(rate.integer("count", {1, 1'000'000}).value_or(made.min_count));
  made.min_interval = read_interval(rate, kMillisecond, made.min_interval);
  return made;
}

} // namespace

BackendTrafficPolicy read_backend_traffic_policy(Fields& top) {
  Fields spec(top.get("spec", Need::kRequired));
  BackendTrafficPolicy policy;
  policy.targets = read_policy_targets(spec, {.need = Need::kRequired});
  Value constraint = spec.get("retryConstraint");
  if (constraint.present()) policy.retry_budget = read_constraint(constraint);
  spec.later({"sessionPersistence"});
  return policy;
}

} // namespace kgw::config
