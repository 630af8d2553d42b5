#include "config/translate_advice.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/durations.h"
#include "config/time_budget.h"

namespace kgw::config {
namespace {

// With these the origin has not seen the request, or says that it has not carried it out, so that a second try cannot
// do it twice.
constexpr uint32_t kNotCarriedOut = retry::kConnectFailure | retry::kRefusedStream | retry::kResetBeforeRequest |
                                    retry::kRetriable4xx | retry::kEnvoyRatelimited;
// These retry an attempt that took too long.
constexpr uint32_t kCoversTimeouts = retry::k5xx | retry::kGatewayError | retry::kReset;

bool takes_unsafe_methods(const HttpRouteRule& rule) {
  return std::ranges::any_of(rule.matches, [](const route::MatchSpec& match) {
    return match.method.empty() || match.method == "POST" || match.method == "PATCH";
  });
}

bool retries_anything(const retry::Policy& policy) { return policy.on != 0 && policy.retries > 0; }

std::string names_of(uint32_t on) {
  std::vector<std::string_view> names;
  for (const retry::Token& token : retry::tokens()) {
    if ((on & token.bit) != 0) names.push_back(token.name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

class Advisor {
 public:
  Advisor(const Governed& governed, Warnings& warnings)
      : governed_(governed), rule_(payload<HttpRoute>(governed.route).rules[governed.rule_index]),
        policy_(governed.action.retry), total_(governed.action.timeout), warnings_(warnings) {}

  void run() {
    advise_stream();
    if (policy_.per_try_timeout > Duration::zero()) advise_per_try();
    if (governed_.retries == nullptr || !retries_anything(policy_)) return;
    advise_headers();
    advise_unsafe();
  }

 private:
  void add(const StoredObject& object, const Spot& spot, std::string text) {
    warnings_.add(object.object, spot.at, spot.path, ProblemClass::kAdvice, std::move(text));
  }

  // The limit of one attempt is the rule's backendRequest or belongs to the policy that gave the retries.
  void add_per_try(std::string text) {
    if (rule_.backend_request) {
      add(governed_.route, rule_.backend_request_at, std::move(text));
    } else {
      add(*governed_.retries->object, governed_.retries->options->per_try_at, std::move(text));
    }
  }

  void advise_stream() {
    if (governed_.stream == nullptr || governed_.timeout == nullptr) return;
    add(*governed_.timeout->object, governed_.timeout->options->timeout_at,
        fmt::format("is ignored: a rule with the maxStreamDuration of {} has no other total, as in Envoy",
                    governed_.stream->object->object.id.text()));
  }

  void advise_per_try() {
    Duration per_try = policy_.per_try_timeout;
    if (total_ > Duration::zero() && per_try >= total_) {
      if (!said_at_reading()) {
        add_per_try(fmt::format("{} is not below the timeout {} and is ignored, as in Envoy", print_duration(per_try),
                                print_duration(total_)));
      }
      return;
    }
    if (!retries_anything(policy_) || governed_.action.settings.hedge_on_per_try_timeout != 0) return;
    if ((policy_.on & kCoversTimeouts) == 0) {
      add_per_try(fmt::format("an attempt that takes longer is answered 504, not retried: {} covers no timeout; reset, "
                              "gateway-error and 5xx do",
                              names_of(policy_.on)));
    } else {
      advise_worst_case();
    }
  }

  void advise_worst_case() {
    TimeBudget budget = time_budget(policy_, total_, policy_.per_try_timeout);
    if (total_ == Duration::zero() || longest(budget) - budget.back_off <= total_) return;
    add(*governed_.retries->object, governed_.retries->options->retries_at,
        fmt::format("worst case: {} tries of {} do not fit into the timeout {}, the last is cut off", budget.tries,
                    print_duration(budget.per_try), print_duration(total_)));
  }

  // A RouteOption that has both was warned about when it was read.
  bool said_at_reading() const { return !rule_.backend_request && governed_.retries->options->timeout == total_; }

  void advise_headers() {
    if ((policy_.on & retry::kRetriableHeaders) == 0 || !governed_.action.settings.retriable_headers.empty()) return;
    add(*governed_.retries->object, governed_.retries->options->retry_on_at,
        "\"retriable-headers\" retries nothing without the annotation kgwcore.dev/retriable_headers");
  }

  // With retriable_request_headers, the author has chosen the requests.
  void advise_unsafe() {
    uint32_t on = policy_.on & ~kNotCarriedOut;
    if (policy_.status_codes.empty()) on &= ~retry::kRetriableStatusCodes;
    if (governed_.action.settings.retriable_headers.empty()) on &= ~retry::kRetriableHeaders;
    if (on == 0 || !takes_unsafe_methods(rule_)) return;
    if (!governed_.action.settings.retriable_request_headers.empty()) return;
    add(*governed_.retries->object, governed_.retries->options->retry_on_at,
        "covers POST and other unsafe methods too: a request that the origin has already carried out may be sent "
        "again");
  }

  const Governed& governed_;
  const HttpRouteRule& rule_;
  const retry::Policy& policy_;
  Duration total_;
  Warnings& warnings_;
};

} // namespace

void advise(const Governed& governed, Warnings& warnings) { Advisor(governed, warnings).run(); }

} // namespace kgw::config
