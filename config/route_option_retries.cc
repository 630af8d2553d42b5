// RouteOption's retries: Envoy's retry policy in Gloo's words.

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {
namespace {

constexpr auto kGrammar = DurationGrammar::kRouteOption;
constexpr Duration kShortest = std::chrono::nanoseconds(1), kMillisecond = std::chrono::milliseconds(1);
constexpr Bounds kUint32{0, UINT32_MAX};

std::string names_of(const std::vector<retry::Token>& tokens) {
  std::vector<std::string_view> names;
  for (const retry::Token& token : tokens) names.push_back(token.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

void warn_unknown(const Value& value, const std::string& token) {
  std::vector<std::string_view> names;
  for (const retry::Token& known : retry::tokens()) names.push_back(known.name);
  std::string_view nearest = base::nearest_name(token, names);
  value.warn(fmt::format("{} is no known token and has no effect{}; known are {}", in_quotes(token),
                         nearest.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", nearest),
                         names_of(retry::tokens())));
}

void read_retry_on(const Value& value, retry::Policy& policy, std::vector<std::string>& unknown) {
  retry::ParsedOn parsed = retry::parse_retry_on(value.text());
  policy.on = parsed.on;
  for (const std::string& token : parsed.unknown) warn_unknown(value, token);
  warn_unbuilt_tokens(value, policy.on);
  unknown = std::move(parsed.unknown);
}

void read_back_off(Value value, retry::Policy& policy) {
  Fields fields(std::move(value));
  Value base = fields.get("baseInterval"), most = fields.get("maxInterval");
  auto base_interval = base.duration(kGrammar, kMillisecond), max_interval = most.duration(kGrammar, kMillisecond);
  if (most.present() && !base.present()) {
    base.error_text(ProblemClass::kRequired,
                    "required value missing: got nothing; need baseInterval beside maxInterval");
  }
  if (base_interval && max_interval && *base_interval > *max_interval) {
    most.error(ProblemClass::kInvalid, fmt::format("at least the baseInterval of {}", print_duration(*base_interval)));
  }
  policy.base_interval = base_interval.value_or(policy.base_interval);
  policy.max_interval = max_interval.value_or(policy.max_interval);
}

void read_status_codes(const Value& value, retry::Policy& policy) {
  for (const Value& item : value.items({0, SIZE_MAX})) {
    auto code = item.integer(kUint32);
    if (!code) continue;
    if (*code < 100 || *code > 599) {
      item.warn(fmt::format("no response has the status {}: it has no effect", *code));
    } else {
      policy.status_codes.push_back(static_cast<uint16_t>(*code));
    }
  }
  bool token = (policy.on & retry::kRetriableStatusCodes) != 0;
  if (!policy.status_codes.empty() && !token) {
    value.warn("has no effect without the token \"retriable-status-codes\" in retryOn");
  }
}

// Envoy drops a per-try timeout that is not below the total one.
void read_per_try(const Value& value, const std::optional<Duration>& timeout, retry::Policy& policy) {
  policy.per_try_timeout = value.duration(kGrammar, kShortest).value_or(Duration::zero());
  if (timeout && *timeout > Duration::zero() && policy.per_try_timeout >= *timeout) {
    value.warn(fmt::format("is ignored: it is not below the timeout of {}", print_duration(*timeout)));
  }
}

void read_priorities(const Value& value) {
  if (!value.present()) return;
  Fields fields(value);
  fields.integer("updateFrequency", kUint32);
  value.warn("has no effect: there is one priority of endpoints");
}

void read_reset_headers(Value value, retry::Policy& policy) {
  Fields fields(std::move(value));
  for (const Value& item : fields.items("resetHeaders", {0, SIZE_MAX})) {
    Fields header(item);
    retry::ResetHeader reset{.name = base::to_lower(header.text("name", kHeaderName, Need::kRequired))};
    // An enumeration of proto JSON: by name or by number.
    Value format = header.get("format");
    bool number = format.present() && format.node()->kind == Node::Kind::kInt;
    bool time = number ? format.integer({0, 1}) == 1 : format.word({"SECONDS", "UNIX_TIMESTAMP"}) == "UNIX_TIMESTAMP";
    if (time) reset.format = retry::ResetHeader::Format::kUnixTimestamp;
    policy.reset_headers.push_back(std::move(reset));
  }
  policy.reset_most = fields.get("maxInterval").duration(kGrammar, kShortest).value_or(policy.reset_most);
}

} // namespace

void warn_unbuilt_tokens(const Value& retry_on, uint32_t on) {
  for (const retry::Token& token : retry::tokens()) {
    bool without_effect = (on & token.bit) != 0 && (retry::kBuilt & token.bit) == 0;
    if (without_effect) retry_on.warn(fmt::format("\"{}\" is not built yet: it has no effect", token.name));
  }
}

void advise_tokens(const Value& retry_on, const Value& statuses, const retry::Policy& policy) {
  bool none = !statuses.present() || statuses.node()->list.empty();
  if ((policy.on & retry::kRetriableStatusCodes) != 0 && none) {
    retry_on.warn("\"retriable-status-codes\" retries nothing without a list of statuses");
  }
  if (policy.on != 0 && (policy.on & ~retry::kGrpc) == 0) {
    retry_on.warn("only gRPC tokens: nothing is retried but responses whose head carries such a grpc-status");
  }
}

void read_retries(const Value& value, RouteOption& option) {
  Fields fields(value);
  retry::Policy policy;
  Value retry_on = fields.get("retryOn");
  read_retry_on(retry_on, policy, option.unknown_tokens);
  if (policy.on == 0 && fields.present()) retry_on.warn("no known token in retryOn: nothing is retried");
  Value retries = fields.get("numRetries");
  policy.retries = static_cast<uint32_t>(retries.integer(kUint32).value_or(1));
  if (policy.retries == 0) {
    retries.warn("0 counts as unset and means 1; leave retryOn out to retry nothing");
    policy.retries = 1;
  }
  Value per_try = fields.get("perTryTimeout");
  read_per_try(per_try, option.timeout, policy);
  read_back_off(fields.get("retryBackOff"), policy);
  Value statuses = fields.get("retriableStatusCodes");
  read_status_codes(statuses, policy);
  read_priorities(fields.get("previousPriorities"));
  read_reset_headers(fields.get("rateLimitedRetryBackOff"), policy);
  advise_tokens(retry_on, statuses, policy);
  option.per_try_at = per_try.spot();
  option.retries_at = value.spot();
  option.retry_on_at = retry_on.spot();
  option.retries = std::move(policy);
}

} // namespace kgw::config
