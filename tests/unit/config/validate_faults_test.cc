// RouteOption's faults and maxStreamDuration.

#include <gmock/gmock.h>

#include "unit/config/load.h"

namespace kgw::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::lines;
using test::load;
using test::payload;
using test::problem;
using testing::ElementsAre;
using testing::HasSubstr;

std::string options(const std::string& fields) {
  return test::document("gateway.solo.io/v1", "RouteOption", "spec: {options: {" + fields + "}}");
}

TEST(Faults, ArePartsOfAMillion) {
  auto faults = *payload<RouteOption>(options("faults: {delay: {percentage: 12.5, fixedDelay: 2s}, "
                                              "abort: {percentage: 100, httpStatus: 418}}"))
                     .faults;
  EXPECT_EQ(faults.delay_ppm, 125'000u);
  EXPECT_EQ(faults.delay, seconds(2));
  EXPECT_EQ(faults.abort_ppm, 1'000'000u);
  EXPECT_EQ(faults.abort_status, 418);
  auto one_in_a_million =
      payload<RouteOption>(options("faults: {abort: {percentage: 0.0001, httpStatus: 500}}")).faults;
  EXPECT_EQ(one_in_a_million->abort_ppm, 1u);
  EXPECT_EQ(one_in_a_million->delay_ppm, 0u);
}

TEST(Faults, AnEmptyObjectIsTheOptionWithoutAnyFault) {
  auto option = payload<RouteOption>(options("faults: {}"));
  ASSERT_TRUE(option.faults);
  EXPECT_EQ(option.faults->delay_ppm + option.faults->abort_ppm, 0u);
  EXPECT_FALSE(payload<RouteOption>(options("faults: null")).faults);
}

TEST(Faults, AnAbsentPercentageIsNever) {
  EXPECT_EQ(problem(options("faults: {abort: {httpStatus: 500}}")),
            "warning: spec.options.faults.abort: never happens: its percentage is 0");
  EXPECT_EQ(problem(options("faults: {delay: {percentage: 0, fixedDelay: 1s}}")),
            "warning: spec.options.faults.delay: never happens: its percentage is 0");
}

TEST(Faults, ShortDelaysWorkHereOnly) {
  Validated made = load(options("faults: {delay: {percentage: 100, fixedDelay: 200ms}}"));
  ASSERT_TRUE(made.object);
  EXPECT_EQ(std::get<RouteOption>(made.object->payload).faults->delay, milliseconds(200));
  EXPECT_THAT(lines(made), ElementsAre(HasSubstr("warning: spec.options.faults.delay.fixedDelay: a Kubernetes cluster "
                                                 "refuses delays below 1s")));
}

TEST(Faults, ValuesAreChecked) {
  EXPECT_EQ(problem(options("faults: {abort: {percentage: 100.5, httpStatus: 500}}")),
            "spec.options.faults.abort.percentage: invalid value: got 100.5; need a number from 0 to 100");
  EXPECT_THAT(problem(options("faults: {abort: {percentage: 101, httpStatus: 500}}")), HasSubstr("got 101; need"));
  EXPECT_THAT(problem(options("faults: {abort: {percentage: .inf, httpStatus: 500}}")), HasSubstr("got .inf; need"));
  EXPECT_THAT(problem(options("faults: {abort: {percentage: '5', httpStatus: 500}}")), HasSubstr("got \"5\"; need"));
  EXPECT_THAT(problem(options("faults: {abort: {percentage: 5}}")), HasSubstr("need httpStatus"));
  EXPECT_THAT(problem(options("faults: {abort: {percentage: 5, httpStatus: 199}}")),
              HasSubstr("got 199; need an integer from 200 to 599"));
  EXPECT_THAT(problem(options("faults: {delay: {percentage: 5}}")), HasSubstr("need fixedDelay"));
  EXPECT_THAT(problem(options("faults: {delay: {percentage: 5, fixedDelay: 0s}}")), HasSubstr("at least 1ms"));
  EXPECT_THAT(problem(options("faults: {delay: {percentage: 5, fixedDelay: 1s, status: 5}}")),
              HasSubstr("need one of percentage, fixedDelay"));
}

TEST(StreamDuration, HasThreeParts) {
  auto option = payload<RouteOption>(
      options("maxStreamDuration: {maxStreamDuration: 30s, grpcTimeoutHeaderMax: 0s, grpcTimeoutHeaderOffset: 100ms}"));
  EXPECT_EQ(option.stream_duration->most, seconds(30));
  EXPECT_EQ(option.stream_duration->grpc_header_max, Duration::zero());
  EXPECT_EQ(option.stream_duration->grpc_header_offset, milliseconds(100));
}

TEST(StreamDuration, WhatIsThereHasAValue) {
  auto empty = payload<RouteOption>(options("maxStreamDuration: {}"));
  ASSERT_TRUE(empty.stream_duration);
  EXPECT_EQ(empty.stream_duration->most, Duration::zero());
  auto grpc = payload<RouteOption>(options("maxStreamDuration: {grpcTimeoutHeaderMax: 5s}"));
  EXPECT_FALSE(grpc.stream_duration->most);
  EXPECT_FALSE(payload<RouteOption>(options("timeout: 1s")).stream_duration);
}

TEST(StreamDuration, AnOffsetNeedsAMaximum) {
  EXPECT_EQ(problem(options("maxStreamDuration: {grpcTimeoutHeaderOffset: 1s}")),
            "warning: spec.options.maxStreamDuration.grpcTimeoutHeaderOffset: has no effect without "
            "grpcTimeoutHeaderMax");
  EXPECT_THAT(problem(options("maxStreamDuration: {maxStreamDuration: 5}")), HasSubstr("need a duration with a unit"));
  EXPECT_THAT(problem(options("maxStreamDuration: {maxStream: 5s}")), HasSubstr("unknown field"));
}

} // namespace
} // namespace kgw::config
