#include "http/date.h"

#include <chrono>
#include <cstdio>
#include <ctime>

namespace kgw::http {
namespace {

constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads a date from left to right; once something is not as it has to be, all that follows fails too.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool word(std::string_view expected) {
    good_ = good_ && rest_.starts_with(expected);
    if (good_) rest_.remove_prefix(expected.size());
    return good_;
  }
  int digits(size_t count) {
    int number = 0;
    good_ = good_ && rest_.size() >= count;
    for (size_t i = 0; good_ && i < count; ++i) {
      good_ = rest_[i] >= '0' && rest_[i] <= '9';
      number = number * 10 + (rest_[i] - '0');
    }
    if (good_) rest_.remove_prefix(count);
    return number;
  }
  unsigned month() {
    for (unsigned i = 0; good_ && i < 12; ++i) {
      if (rest_.starts_with(kMonths[i])) return rest_.remove_prefix(3), i + 1;
    }
    good_ = false;
    return 0;
  }
  int time() {
    int hours = digits(2);
    word(":");
    int minutes = digits(2);
    word(":");
    int seconds = digits(2);
    good_ = good_ && hours < 24 && minutes < 60 && seconds <= 60;
    return (hours * 60 + minutes) * 60 + seconds;
  }
  bool at_end() const { return good_ && rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

struct Parts {
  int year = 0;
  unsigned month = 0, day = 0;
  int second = 0; // of the day
};

Parts imf_fixdate(Scanner& scan) {
  Parts parts;
  parts.day = static_cast<unsigned>(scan.digits(2));
  scan.word(" ");
  parts.month = scan.month();
  scan.word(" ");
  parts.year = scan.digits(4);
  scan.word(" ");
  parts.second = scan.time();
  scan.word(" GMT");
  return parts;
}

// A year that seems more than fifty years ahead is one of the past.
Parts rfc850_date(Scanner& scan, int64_t now_s) {
  Parts parts;
  parts.day = static_cast<unsigned>(scan.digits(2));
  scan.word("-");
  parts.month = scan.month();
  scan.word("-");
  int year = scan.digits(2);
  scan.word(" ");
  parts.second = scan.time();
  scan.word(" GMT");
  auto today = std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(now_s)));
  int this_year = static_cast<int>(std::chrono::year_month_day(today).year());
  parts.year = this_year - this_year % 100 + year;
  if (parts.year > this_year + 50) parts.year -= 100;
  return parts;
}

Parts asctime_date(Scanner& scan) {
  Parts parts;
  scan.word(" ");
  parts.month = scan.month();
  scan.word(" ");
  parts.day = static_cast<unsigned>(scan.rest().starts_with(' ') ? (scan.word(" "), scan.digits(1)) : scan.digits(2));
  scan.word(" ");
  parts.second = scan.time();
  scan.word(" ");
  parts.year = scan.digits(4);
  return parts;
}

} // namespace

std::optional<int64_t> parse_date(std::string_view text, int64_t now_s) {
  static constexpr const char* kRests[] = {"day", "day", "sday", "nesday", "rsday", "day", "urday"};
  for (size_t day = 0; day < 7; ++day) {
    if (!text.starts_with(kDays[day])) continue;
    Scanner scan(text.substr(3));
    Parts parts;
    if (text.substr(3).starts_with(", ")) {
      scan.word(", ");
      parts = imf_fixdate(scan);
    } else if (text.substr(3).starts_with(kRests[day])) {
      scan.word(kRests[day]);
      scan.word(", ");
      parts = rfc850_date(scan, now_s);
    } else {
      parts = asctime_date(scan);
    }
    std::chrono::year_month_day date{std::chrono::year(parts.year), std::chrono::month(parts.month),
                                     std::chrono::day(parts.day)};
    if (!scan.at_end() || !date.ok()) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch() / std::chrono::seconds(1) + parts.second;
  }
  return std::nullopt;
}

void Date::format(int64_t unix_s) {
  auto when = static_cast<time_t>(unix_s);
  std::tm utc{};
  gmtime_r(&when, &utc);
  char text[64]; // the locale of the host must not speak here, so no strftime
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[utc.tm_wday], utc.tm_mday,
                kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  for (int i = 0; i < kBytes; ++i) text_[i] = text[i];
  second_ = unix_s;
}

} // namespace kgw::http
