#include "http/date.h"

#include <gtest/gtest.h>

namespace kgw::http {
namespace {

constexpr int64_t kNow = 1'790'000'000; // September 2026

// RFC 9110 5.6.7: the three forms of one moment.
TEST(ParseDate, ThreeForms) {
  for (const char* text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_EQ(parse_date(text, kNow), 784'111'777) << text;
  }
  EXPECT_EQ(parse_date("Sun Nov 16 08:49:37 2036", kNow), 2'110'438'177);
}

TEST(ParseDate, ATwoDigitYearIsAtMostFiftyYearsAhead) {
  EXPECT_EQ(parse_date("Sunday, 06-Nov-76 08:49:37 GMT", kNow), parse_date("Fri, 06 Nov 2076 08:49:37 GMT", kNow));
  EXPECT_EQ(parse_date("Sunday, 06-Nov-77 08:49:37 GMT", kNow), parse_date("Sun, 06 Nov 1977 08:49:37 GMT", kNow));
}

TEST(ParseDate, NothingElse) {
  for (const char* text :
       {"", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, -6 Nov 1994 08:49:37 GMT", "120", "Sun Nov 006 08:49:37 1994"}) {
    EXPECT_EQ(parse_date(text, kNow), std::nullopt) << text;
  }
}

TEST(Date, IsWhatParseDateReads) {
  Date date;
  for (int64_t second = 0; second < 4'000'000'000; second += 86'399 * 37)
    EXPECT_EQ(parse_date(date.at(second), kNow), second);
}

} // namespace
} // namespace kgw::http
