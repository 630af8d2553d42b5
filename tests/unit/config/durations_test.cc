#include "config/durations.h"

#include <gtest/gtest.h>

namespace kgw::config {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

struct Row {
  const char* text;
  std::optional<Duration> gateway, protobuf, go;
};

// One row a text: what each grammar makes of it.
TEST(Durations, EachGrammarTakesItsOwnWords) {
  constexpr std::nullopt_t kNo = std::nullopt;
  const Row rows[] = {
      {"5s", seconds(5), seconds(5), seconds(5)},
      {"0s", seconds(0), seconds(0), seconds(0)},
      {"1h30m", minutes(90), kNo, minutes(90)},
      {"500ms", milliseconds(500), kNo, milliseconds(500)},
      {"10s30m1h", hours(1) + minutes(30) + seconds(10), kNo, hours(1) + minutes(30) + seconds(10)},
      {"1s1s", seconds(2), kNo, seconds(2)},
      {"99999h", hours(99999), kNo, hours(99999)},
      {"100000h", kNo, kNo, hours(100000)},
      {"1h1m1s1ms", hours(1) + minutes(1) + milliseconds(1001), kNo, hours(1) + minutes(1) + milliseconds(1001)},
      {"1h1m1s1ms1s", kNo, kNo, hours(1) + minutes(1) + milliseconds(2001)},
      {"0.5s", kNo, milliseconds(500), milliseconds(500)},
      {"1.250s", kNo, milliseconds(1250), milliseconds(1250)},
      {"0.000000001s", kNo, nanoseconds(1), nanoseconds(1)},
      {"0.0000000001s", kNo, kNo, nanoseconds(0)},
      {"1.5h", kNo, kNo, minutes(90)},
      {".5s", kNo, milliseconds(500), milliseconds(500)},
      {"1us", kNo, kNo, microseconds(1)},
      {"1\u00b5s", kNo, kNo, microseconds(1)},
      {"7ns", kNo, kNo, nanoseconds(7)},
      {"-1s", kNo, seconds(-1), seconds(-1)},
      {"+1s", kNo, kNo, seconds(1)},
      {"0", kNo, kNo, seconds(0)},
      {"5", kNo, kNo, kNo},
      {"1d", kNo, kNo, kNo},
      {"", kNo, kNo, kNo},
      {"s", kNo, kNo, kNo},
      {".s", kNo, kNo, kNo},
      {"5 s", kNo, kNo, kNo},
      {" 5s", kNo, kNo, kNo},
      {"5S", kNo, kNo, kNo},
      {"5s ", kNo, kNo, kNo},
      {"1s500", kNo, kNo, kNo},
      {"9223372037s", kNo, kNo, kNo},
      {"99999999999999999999s", kNo, kNo, kNo},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(parse_duration(DurationGrammar::kGateway, row.text), row.gateway) << row.text;
    EXPECT_EQ(parse_duration(DurationGrammar::kProtobuf, row.text), row.protobuf) << row.text;
    EXPECT_EQ(parse_duration(DurationGrammar::kGo, row.text), row.go) << row.text;
    EXPECT_EQ(parse_duration(DurationGrammar::kRouteOption, row.text), row.go) << row.text;
  }
}

TEST(Durations, PrintLargestUnitFirst) {
  EXPECT_EQ(print_duration(seconds(0)), "0s");
  EXPECT_EQ(print_duration(seconds(5)), "5s");
  EXPECT_EQ(print_duration(seconds(90)), "1m30s");
  EXPECT_EQ(print_duration(milliseconds(3'600'500)), "1h500ms");
  EXPECT_EQ(print_duration(microseconds(1500)), "1ms");
  EXPECT_EQ(print_duration(nanoseconds(1)), "1ms");
  EXPECT_EQ(print_duration(seconds(-1)), "-1s");
}

} // namespace
} // namespace kgw::config
