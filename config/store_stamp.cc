#include "config/store_stamp.h"

#include <charconv>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace kgw::config {
namespace {

// Reads exactly `digits` digits at `at`; -1 if they are not there.
int number_at(std::string_view text, size_t at, size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  auto [end, error] = std::from_chars(text.data() + at, text.data() + at + digits, value);
  return error == std::errc{} && end == text.data() + at + digits && text[at] != '-' ? value : -1;
}

// "Z" or "+01:30"; nothing when it is neither.
std::optional<int64_t> offset_seconds(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || text[3] != ':' || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  int hours = number_at(text, 1, 2), minutes = number_at(text, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  int64_t seconds = int64_t{hours} * 3600 + int64_t{minutes} * 60;
  return text[0] == '-' ? -seconds : seconds;
}

} // namespace

std::string rfc3339(int64_t unix_seconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

std::optional<int64_t> parse_rfc3339(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  int year = number_at(text, 0, 4), month = number_at(text, 5, 2), day = number_at(text, 8, 2);
  int hour = number_at(text, 11, 2), minute = number_at(text, 14, 2), second = number_at(text, 17, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60) {
    return std::nullopt;
  }
  size_t rest = 19;
  if (text[rest] == '.') {
    ++rest;
    while (rest < text.size() && text[rest] >= '0' && text[rest] <= '9') ++rest;
  }
  auto offset = offset_seconds(text.substr(rest));
  std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day)));
  if (!offset || !date.ok()) return std::nullopt;
  auto days = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::seconds(days).count() + int64_t{hour} * 3600 + int64_t{minute} * 60 + second - *offset;
}

std::string make_uuid(base::Random& random) {
  uint64_t high = (random.next() & ~uint64_t{0xf000}) | 0x4000;                // version 4
  uint64_t low = (random.next() & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62); // the RFC's variant
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48,
                     low & 0xffff'ffff'ffff);
}

} // namespace kgw::config
