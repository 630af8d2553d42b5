#include "config/translate_advice.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/durations.h"

namespace kgw::config {
namespace {

// With these the origin has not seen the request, so that a second try cannot do it twice.
constexpr uint32_t kNeverSent = retry::kConnectFailure | retry::kRefusedStream | retry::kResetBeforeRequest;

bool takes_unsafe_methods(const HttpRouteRule& rule) {
  return std::ranges::any_of(rule.matches, [](const route::MatchSpec& match) {
    return match.method.empty() || match.method == "POST" || match.method == "PATCH";
  });
}

void advise_per_try(const StoredObject& source, const snapshot::ActionSpec& action, Warnings& warnings) {
  const auto& option = payload<RouteOption>(source);
  Duration per_try = option.retries->per_try_timeout;
  if (per_try == Duration::zero() || action.timeout == Duration::zero() || action.retry.per_try_timeout != per_try)
    return;
  if (per_try >= action.timeout) {
    if (option.timeout == action.timeout) return; // said when the document was read
    warnings.add(source.object, option.per_try_at, "spec.options.retries.perTryTimeout", ProblemClass::kAdvice,
                 fmt::format("{} is not below the timeout {} and is ignored, as in Envoy", print_duration(per_try),
                             print_duration(action.timeout)));
    return;
  }
  int64_t tries = int64_t{action.retry.retries} + 1, fit = action.timeout / per_try;
  if (action.retry.on == 0 || fit >= tries) return;
  warnings.add(source.object, option.retries_at, "spec.options.retries", ProblemClass::kAdvice,
               fmt::format("worst case: {} tries of {} do not fit into the timeout {}, the last is cut off", tries,
                           print_duration(per_try), print_duration(action.timeout)));
}

} // namespace

void advise(const StoredObject& route, size_t rule_index, const StoredObject* retries,
            const snapshot::ActionSpec& action, Warnings& warnings) {
  const HttpRouteRule& rule = payload<HttpRoute>(route).rules[rule_index];
  if (retries == nullptr) return;
  advise_per_try(*retries, action, warnings);
  if ((action.retry.on & ~kNeverSent) != 0 && takes_unsafe_methods(rule)) {
    warnings.add(retries->object, payload<RouteOption>(*retries).retries_at, "spec.options.retries.retryOn",
                 ProblemClass::kAdvice,
                 "covers POST and other unsafe methods too: a request that the origin has already carried out may be "
                 "sent again");
  }
}

} // namespace kgw::config
