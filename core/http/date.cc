#include "http/date.h"

#include <cstdio>
#include <ctime>

namespace kgw::http {

void Date::format(int64_t unix_s) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
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
