#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kgw::http {

// A date in any of the three forms of RFC 9110 5.6.7, as a Unix time. `now_s` decides the century of a two-digit year.
std::optional<int64_t> parse_date(std::string_view text, int64_t now_s);

// IMF-fixdate of a Unix time, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), kept until the second changes.
class Date {
 public:
  std::string_view at(int64_t unix_s) {
    if (unix_s != second_) format(unix_s);
    return {text_, kBytes};
  }

 private:
  static constexpr int kBytes = 29;
  void format(int64_t unix_s);
  int64_t second_ = INT64_MIN;
  char text_[kBytes + 1];
};

} // namespace kgw::http
