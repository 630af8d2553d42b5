// The timeouts and the retry of an HTTPRoute's rule, as the Gateway API and its conformance suite mean them. Where
// kgateway does something else with the same words, a warning says so.

#include <fmt/format.h>

#include "config/readers.h"

namespace kgw::config {
namespace {

constexpr auto kGrammar = DurationGrammar::kGateway;
constexpr Duration kShortestInterval = std::chrono::milliseconds(1);

void read_codes(Fields& retry, retry::Policy& policy) {
  Seen seen;
  for (const Value& item : retry.items("codes", {0, SIZE_MAX})) {
    auto code = item.integer({400, 599});
    if (!code) continue;
    seen.check(item, std::to_string(*code), "each status once");
    policy.status_codes.push_back(static_cast<uint16_t>(*code));
  }
  if (!policy.status_codes.empty()) policy.on |= retry::kRetriableStatusCodes;
}

// The interval is the least wait before a retry, which no full jitter keeps.
void read_backoff(const Value& value, retry::Policy& policy) {
  auto interval = value.duration(kGrammar);
  if (!interval) return;
  policy.base_interval = std::max(*interval, kShortestInterval);
  policy.jitter = retry::Jitter::kAboveMinimum;
  if (*interval == Duration::zero()) return;
  value.warn(fmt::format("each retry waits at least {} here, as the Gateway API says, while kgateway draws the wait "
                         "from zero up",
                         print_duration(*interval)));
}

} // namespace

void read_timeouts(Value value, HttpRouteRule& rule) {
  Fields fields(std::move(value));
  Value request = fields.get("request"), backend = fields.get("backendRequest");
  rule.own.timeout_at = request.spot();
  rule.own.timeout = request.duration(kGrammar);
  rule.backend_request_at = backend.spot();
  rule.backend_request = backend.duration(kGrammar);
  if (!rule.backend_request) return;
  if (!rule.own.timeout) {
    backend.warn(
        "without request this limits each attempt here, while kgateway takes it for the limit of the whole request");
  } else if (*rule.own.timeout > Duration::zero() && *rule.backend_request > *rule.own.timeout) {
    backend.error(ProblemClass::kInvalid,
                  fmt::format("at most the request timeout of {}", print_duration(*rule.own.timeout)));
  }
}

void read_retry(const Value& value, HttpRouteRule& rule) {
  if (!value.present()) return;
  Fields fields(value);
  // Whoever writes the object, even an empty one, wants failed connections and attempts without an answer retried.
  retry::Policy policy{.on = retry::kConnectFailure | retry::kRefusedStream | retry::kReset};
  policy.retries = static_cast<uint32_t>(fields.integer("attempts", {1, UINT32_MAX}).value_or(policy.retries));
  read_codes(fields, policy);
  read_backoff(fields.get("backoff"), policy);
  rule.own.retries_at = rule.own.retry_on_at = value.spot();
  rule.own.retries = std::move(policy);
}

} // namespace kgw::config
