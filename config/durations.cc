#include "config/durations.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace kgw::config {
namespace {

constexpr std::string_view kDigits = "0123456789";

struct Unit {
  std::string_view name;
  int64_t nanoseconds;
};
constexpr Unit kHour{"h", 3'600'000'000'000}, kMinute{"m", 60'000'000'000}, kSecond{"s", 1'000'000'000},
    kMilli{"ms", 1'000'000};
// Longer names before their beginnings.
constexpr Unit kGatewayUnits[] = {kMilli, kHour, kMinute, kSecond};
constexpr Unit kGoUnits[] = {{"ns", 1}, {"us", 1000}, {"\u00b5s", 1000}, {"\u03bcs", 1000},
                             kMilli,    kHour,        kMinute,           kSecond};
constexpr Unit kSecondsOnly[] = {kSecond};

std::string_view take_digits(std::string_view& text) {
  size_t length = std::min(text.find_first_not_of(kDigits), text.size());
  std::string_view digits = text.substr(0, length);
  text.remove_prefix(length);
  return digits;
}

template <size_t N> const Unit* take_unit(std::string_view& text, const Unit (&units)[N]) {
  auto found = std::ranges::find_if(units, [&](const Unit& unit) { return text.starts_with(unit.name); });
  if (found == std::end(units)) return nullptr;
  text.remove_prefix(found->name.size());
  return found;
}

// total += digits * unit; false on overflow.
bool add_whole(int64_t& total, std::string_view digits, int64_t unit) {
  int64_t value = 0;
  for (char c : digits) {
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, c - '0', &value)) return false;
  }
  return !__builtin_mul_overflow(value, unit, &value) && !__builtin_add_overflow(total, value, &total);
}

// What is below a nanosecond is cut.
bool add_fraction(int64_t& total, std::string_view digits, int64_t unit) {
  int64_t value = 0;
  for (char c : digits) {
    value += unit / 10 * (c - '0') + unit % 10 * (c - '0') / 10;
    unit /= 10;
  }
  return !__builtin_add_overflow(total, value, &total);
}

std::optional<Duration> parse_gateway(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t total = 0;
  for (int parts = 0; !text.empty(); ++parts) {
    std::string_view digits = take_digits(text);
    if (parts == 4 || digits.empty() || digits.size() > 5) return std::nullopt;
    const Unit* unit = take_unit(text, kGatewayUnits);
    if (unit == nullptr || !add_whole(total, digits, unit->nanoseconds)) return std::nullopt;
  }
  return Duration(total);
}

// One DIGITS[.DIGITS]UNIT; at least one digit on either side of the point.
template <size_t N>
bool take_decimal(std::string_view& text, const Unit (&units)[N], int64_t& total, size_t most_fraction) {
  std::string_view whole = take_digits(text), fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
  }
  if (whole.empty() && fraction.empty()) return false;
  const Unit* unit = take_unit(text, units);
  return unit != nullptr && fraction.size() <= most_fraction && add_whole(total, whole, unit->nanoseconds) &&
         add_fraction(total, fraction, unit->nanoseconds);
}

int take_sign(std::string_view& text, bool plus) {
  int sign = text.starts_with('-') ? -1 : 1;
  if (sign < 0 || (plus && text.starts_with('+'))) text.remove_prefix(1);
  return sign;
}

std::optional<Duration> parse_protobuf(std::string_view text) {
  int sign = take_sign(text, false);
  int64_t total = 0;
  if (!take_decimal(text, kSecondsOnly, total, 9) || !text.empty()) return std::nullopt;
  return Duration(total * sign);
}

std::optional<Duration> parse_go(std::string_view text) {
  int sign = take_sign(text, true);
  if (text == "0") return Duration::zero();
  if (text.empty()) return std::nullopt;
  int64_t total = 0;
  while (!text.empty()) {
    if (!take_decimal(text, kGoUnits, total, SIZE_MAX)) return std::nullopt;
  }
  return Duration(total * sign);
}

} // namespace

std::optional<Duration> parse_duration(DurationGrammar grammar, std::string_view text) {
  switch (grammar) {
  case DurationGrammar::kGateway: return parse_gateway(text);
  case DurationGrammar::kProtobuf: return parse_protobuf(text);
  case DurationGrammar::kGo: return parse_go(text);
  case DurationGrammar::kRouteOption: break;
  }
  auto duration = parse_protobuf(text);
  return duration ? duration : parse_go(text);
}

const char* duration_rule(DurationGrammar grammar) {
  switch (grammar) {
  case DurationGrammar::kGateway: return "a duration in whole h, m, s, ms, such as 5s or 1m30s";
  case DurationGrammar::kProtobuf: return "a duration in seconds, such as 5s or 0.5s";
  default: return "a duration with a unit, such as 5s, 0.5s or 500ms";
  }
}

std::string print_duration(Duration duration) {
  int64_t rest = std::abs(duration.count());
  if (rest == 0) return "0s";
  rest = std::max(rest, kMilli.nanoseconds);
  std::string text = duration < Duration::zero() ? "-" : "";
  for (const Unit& unit : {kHour, kMinute, kSecond, kMilli}) {
    if (rest / unit.nanoseconds > 0) text += fmt::format("{}{}", rest / unit.nanoseconds, unit.name);
    rest %= unit.nanoseconds;
  }
  return text;
}

} // namespace kgw::config
