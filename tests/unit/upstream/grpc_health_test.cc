#include "upstream/grpc_health.h"

#include <gtest/gtest.h>

namespace kgw::upstream {
namespace {

std::string framed(std::string_view message, char compressed = 0) {
  std::string text{compressed, 0, 0, 0, static_cast<char>(message.size())};
  return text.append(message);
}

TEST(GrpcHealth, AsksForAServiceOrForAll) {
  EXPECT_EQ(grpc_health_request(""), framed(""));
  EXPECT_EQ(grpc_health_request("a.B"), framed("\x0a\x03"
                                               "a.B"));
  std::string name(200, 's');
  EXPECT_EQ(grpc_health_request(name), std::string("\0\0\0\0\xcb\x0a\xc8\x01", 8) + name);
}

TEST(GrpcHealth, OnlyServingIsServing) {
  EXPECT_TRUE(grpc_health_serving(framed("\x08\x01")));
  for (std::string_view message : {"", "\x08\x02", "\x08\x03", "\x08\x81\x01", "\x10\x01"})
    EXPECT_FALSE(grpc_health_serving(framed(message))) << testing::PrintToString(message);
}

TEST(GrpcHealth, FieldsOfALaterVersionArePassedOver) {
  std::string_view others[] = {"\x10\x96\x01", "\x12\x02zz",
                               "\x19"
                               "12345678",
                               "\x1d"
                               "1234"};
  std::string all = "\x08\x02"; // a field that comes again replaces what it said
  for (std::string_view other : others) {
    EXPECT_TRUE(grpc_health_serving(framed(std::string(other) + "\x08\x01"))) << testing::PrintToString(other);
    all += other;
  }
  EXPECT_TRUE(grpc_health_serving(framed(all + "\x08\x01")));
}

TEST(GrpcHealth, WhatIsNoMessageIsNotServing) {
  std::string whole = framed("\x08\x01");
  for (size_t cut = 0; cut < whole.size(); ++cut) EXPECT_FALSE(grpc_health_serving(whole.substr(0, cut))) << cut;
  EXPECT_FALSE(grpc_health_serving(whole + "x"));
  EXPECT_FALSE(grpc_health_serving(framed("\x08\x01", 1))) << "compressed";
  for (std::string_view message : {"\x08", "\x08\x80", "\x12\x05zz\x08\x01", "\x13\x08\x01", "\x1d\x31", "\x80"})
    EXPECT_FALSE(grpc_health_serving(framed(message))) << testing::PrintToString(message);
}

} // namespace
} // namespace kgw::upstream
