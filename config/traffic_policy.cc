// kgateway's TrafficPolicy: the retry and the timeouts of it.

#include <fmt/format.h>

#include "base/text.h"
#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {
namespace {

constexpr auto kGrammar = DurationGrammar::kGateway;
constexpr Duration kMillisecond = std::chrono::milliseconds(1);

constexpr const char* kGatewayApi = "gateway.networking.k8s.io";
constexpr TargetKind kTargets[] = {{kGatewayApi, "Gateway"},
                                   {kGatewayApi, "HTTPRoute"},
                                   {kGatewayApi, "GRPCRoute"},
                                   {kGatewayApi, "ListenerSet"},
                                   {"gateway.networking.x-k8s.io", "XListenerSet"}};

// The tokens of retryOn. There is no list of headers, so the token for it is not among them.
std::vector<std::string_view> retry_words() {
  std::vector<std::string_view> words;
  for (const retry::Token& token : retry::tokens()) {
    if (token.bit != retry::kRetriableHeaders) words.push_back(token.name);
  }
  return words;
}

void read_retry_on(const Value& value, retry::Policy& policy) {
  const std::vector<std::string_view> words = retry_words();
  for (const Value& item : value.items({1, SIZE_MAX})) policy.on |= retry::parse_retry_on(item.word(words)).on;
  warn_unbuilt_tokens(value, policy.on);
}

// Unlike those of a RouteOption, the statuses bring their token along.
void read_status_codes(const Value& value, retry::Policy& policy) {
  for (const Value& item : value.items({1, SIZE_MAX})) {
    if (auto code = item.integer({400, 599})) policy.status_codes.push_back(static_cast<uint16_t>(*code));
  }
  if (!policy.status_codes.empty()) policy.on |= retry::kRetriableStatusCodes;
}

void read_reset_headers(Value value, retry::Policy& policy) {
  Fields fields(std::move(value));
  for (const Value& item : fields.items("resetHeaders", {1, SIZE_MAX}, Need::kRequired)) {
    Fields header(item);
    retry::ResetHeader reset{.name = base::to_lower(header.text("name", kHeaderName, Need::kRequired))};
    std::string format = header.get("format").word({"Seconds", "UnixTimestamp"});
    if (format == "UnixTimestamp") reset.format = retry::ResetHeader::Format::kUnixTimestamp;
    policy.reset_headers.push_back(std::move(reset));
  }
  policy.reset_most = fields.get("maxInterval").duration(kGrammar, kMillisecond).value_or(policy.reset_most);
}

void read_predicates(const Value& value, retry::Policy& policy) {
  Seen seen;
  for (const Value& item : value.items({1, SIZE_MAX})) {
    std::string name = item.word({"PreviousHosts", "OmitCanaryHosts"});
    seen.check(item, name, "each predicate once");
    policy.previous_hosts |= name == "PreviousHosts";
    if (name == "OmitCanaryHosts") item.warn("has no effect: no endpoint is a canary here");
  }
}

void check_per_try(const Value& per_try, const TrafficPolicy& traffic) {
  Duration limit = traffic.retries->per_try_timeout;
  if (!per_try.present() || !traffic.timeout || limit < *traffic.timeout) return;
  per_try.error(ProblemClass::kInvalid,
                fmt::format("a duration below the timeouts.request of {}", print_duration(*traffic.timeout)));
}

void read_traffic_retry(const Value& value, TrafficPolicy& traffic) {
  if (!value.present()) return;
  Fields fields(value);
  retry::Policy policy;
  Value retry_on = fields.get("retryOn"), codes = fields.get("statusCodes"), per_try = fields.get("perTryTimeout");
  read_retry_on(retry_on, policy);
  read_status_codes(codes, policy);
  if (fields.present() && !retry_on.present() && !codes.present()) {
    value.error_text(ProblemClass::kRequired, "required value missing: got nothing; need retryOn or statusCodes");
  }
  advise_tokens(retry_on, codes, policy);
  policy.retries = static_cast<uint32_t>(fields.integer("attempts", {0, INT32_MAX}).value_or(policy.retries));
  policy.per_try_timeout = per_try.duration(kGrammar, kMillisecond).value_or(Duration::zero());
  policy.base_interval =
      fields.get("backoffBaseInterval").duration(kGrammar, kMillisecond).value_or(policy.base_interval);
  read_reset_headers(fields.get("rateLimitedBackOff"), policy);
  read_predicates(fields.get("retryHostPredicates"), policy);
  traffic.per_try_at = per_try.spot();
  traffic.retries_at = value.spot();
  traffic.retry_on_at = (retry_on.present() ? retry_on : codes).spot();
  traffic.retries = std::move(policy);
  check_per_try(per_try, traffic);
}

void read_traffic_timeouts(Value value, TrafficPolicy& traffic) {
  Fields fields(std::move(value));
  Value request = fields.get("request");
  traffic.timeout_at = request.spot();
  traffic.timeout = request.duration(kGrammar);
  traffic.stream_idle = fields.get("streamIdle").duration(kGrammar);
}

void name_unbuilt_fields(Fields& spec) {
  spec.later({"headerModifiers", "autoHostRewrite", "urlRewrite", "faultInjection", "buffer", "cors"});
  spec.refuse({"ai", "transformation", "extProc", "compression", "internalRedirect", "tracing", "statPrefix"});
  spec.protect(kTrafficProtections, Fields::Off::kEmptyObject);
}

} // namespace

TrafficPolicy read_traffic_policy(Fields& top) {
  Fields spec(top.get("spec", Need::kRequired));
  TrafficPolicy traffic;
  traffic.targets = read_policy_targets(spec, {.kinds = kTargets, .sections = true, .selectors = true});
  read_traffic_timeouts(spec.get("timeouts"), traffic);
  read_traffic_retry(spec.get("retry"), traffic);
  name_unbuilt_fields(spec);
  return traffic;
}

} // namespace kgw::config
