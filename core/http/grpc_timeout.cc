#include "http/grpc_timeout.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace kgw::http {

std::optional<Duration> parse_grpc_timeout(std::string_view text) {
  constexpr uint64_t kMost = 99'999'999;
  if (text.size() < 2) return std::nullopt;
  uint64_t number = 0;
  // Blanks around the number do no harm, as in Envoy.
  std::string_view digits = base::trim(text.substr(0, text.size() - 1));
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size() || number > kMost) return std::nullopt;
  auto of = [number](Duration unit) {
    constexpr uint64_t kMostNs = 3'000'000'000'000'000'000; // a century, so that no clock of ours overflows
    auto ns = static_cast<uint64_t>(unit.count());
    return std::optional(unit * static_cast<int64_t>(std::min(number, kMostNs / ns)));
  };
  switch (text.back()) {
  case 'H': return of(std::chrono::hours(1));
  case 'M': return of(std::chrono::minutes(1));
  case 'S': return of(std::chrono::seconds(1));
  case 'm': return of(std::chrono::milliseconds(1));
  case 'u': return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(number));
  case 'n': return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::nanoseconds(number));
  default: return std::nullopt;
  }
}

std::string_view format_grpc_timeout(Duration timeout, base::Arena& arena) {
  int64_t number = base::to_ms(timeout);
  char unit = 'm';
  if (number > 99'999'999) number /= 1000, unit = 'S';
  auto* text = static_cast<char*>(arena.allocate(24, 1));
  char* end = std::to_chars(text, text + 23, number).ptr;
  *end++ = unit;
  return {text, end};
}

} // namespace kgw::http
