#include "http/grpc_timeout.h"

#include <gtest/gtest.h>

namespace kgw::http {
namespace {

TEST(GrpcTimeout, Parse) {
  using namespace std::chrono_literals;
  EXPECT_EQ(parse_grpc_timeout("1H"), Duration(1h));
  EXPECT_EQ(parse_grpc_timeout("2M"), Duration(2min));
  EXPECT_EQ(parse_grpc_timeout("3S"), Duration(3s));
  EXPECT_EQ(parse_grpc_timeout("250m"), Duration(250ms));
  EXPECT_EQ(parse_grpc_timeout("9u"), Duration(1ms)) << "rounded up";
  EXPECT_EQ(parse_grpc_timeout("1000001n"), Duration(2ms));
  EXPECT_EQ(parse_grpc_timeout("0n"), Duration{});
  EXPECT_EQ(parse_grpc_timeout("300 m"), Duration(300ms)) << "as Envoy";
  EXPECT_EQ(parse_grpc_timeout("0S"), Duration{});
  EXPECT_GT(parse_grpc_timeout("99999999H"), Duration(24h * 365)) << "no overflow";
  for (const char* text : {"", "S", "1", "1s", "-1S", "+1S", " S", "100000000m", "123456789S", "1SS", "0x1S"}) {
    EXPECT_EQ(parse_grpc_timeout(text), std::nullopt) << text;
  }
}

TEST(GrpcTimeout, Format) {
  base::Arena arena;
  EXPECT_EQ(format_grpc_timeout(base::from_ms(250), arena), "250m");
  EXPECT_EQ(format_grpc_timeout(Duration{}, arena), "0m");
  EXPECT_EQ(format_grpc_timeout(base::from_ms(99'999'999), arena), "99999999m");
  EXPECT_EQ(format_grpc_timeout(base::from_ms(100'000'500), arena), "100000S");
}

} // namespace
} // namespace kgw::http
