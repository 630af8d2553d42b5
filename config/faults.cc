// RouteOption's faults.

#include <cmath>

#include "config/readers.h"

namespace kgw::config {
namespace {

constexpr auto kGrammar = DurationGrammar::kRouteOption;
constexpr Duration kShortest = std::chrono::milliseconds(1), kShortestOfGloo = std::chrono::seconds(1);
constexpr double kMillionthsPerPercent = 10'000;

uint32_t read_share(Fields& fault) {
  Value value = fault.get("percentage");
  // Absent counts as 0. One that is no number was reported, and is no 0.
  auto percent = value.present() ? value.number({0, 100}) : 0.0;
  if (fault.present() && percent == 0.0) fault.self().warn("never happens: its percentage is 0");
  return static_cast<uint32_t>(std::lround(percent.value_or(0) * kMillionthsPerPercent));
}

void read_delay(Value value, retry::Faults& faults) {
  Fields fields(std::move(value));
  faults.delay_ppm = read_share(fields);
  Value delay = fields.get("fixedDelay", Need::kRequired);
  faults.delay = delay.duration(kGrammar, kShortest).value_or(Duration::zero());
  if (faults.delay > Duration::zero() && faults.delay < kShortestOfGloo) {
    delay.warn("a Kubernetes cluster refuses delays below 1s");
  }
}

void read_abort(Value value, retry::Faults& faults) {
  Fields fields(std::move(value));
  faults.abort_ppm = read_share(fields);
  auto status = fields.integer("httpStatus", {200, 599}, Need::kRequired);
  faults.abort_status = static_cast<uint16_t>(status.value_or(faults.abort_status));
}

} // namespace

retry::Faults read_faults(const Value& value) {
  Fields fields(value);
  retry::Faults faults;
  read_delay(fields.get("delay"), faults);
  read_abort(fields.get("abort"), faults);
  return faults;
}

} // namespace kgw::config
