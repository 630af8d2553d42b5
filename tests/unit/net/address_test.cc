#include "net/address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

namespace kgw::net {
namespace {

TEST(Address, ReadsAndWritesBothFamilies) {
  EXPECT_EQ(parse_address("10.1.2.3", 80)->text(), "10.1.2.3:80");
  EXPECT_EQ(parse_address("2001:DB8::1", 443)->text(), "[2001:db8::1]:443");
  EXPECT_EQ(parse_address("::1", 1)->host(), "::1");
}

TEST(Address, ANameIsInvalid) {
  for (auto text : {"localhost", "", "10.1.2", "10.1.2.3.4", "[::1]", "1.2.3.4:80", "::g"}) {
    auto address = parse_address(text, 80);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, base::ErrorCode::kInvalid);
  }
}

TEST(Address, KnowsLoopback) {
  EXPECT_TRUE(parse_address("127.9.9.9", 0)->loopback());
  EXPECT_TRUE(parse_address("::1", 0)->loopback());
  EXPECT_FALSE(parse_address("10.0.0.1", 0)->loopback());
  EXPECT_FALSE(parse_address("::", 0)->loopback());
}

TEST(Address, GoesThroughSockaddr) {
  for (auto host : {"192.0.2.7", "2001:db8::7"}) {
    Address address = *parse_address(host, 8080);
    sockaddr_storage raw;
    EXPECT_EQ(to_sockaddr(address, raw), address.v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
    EXPECT_EQ(from_sockaddr(reinterpret_cast<sockaddr*>(&raw)), address);
  }
}

TEST(Address, AMappedIpv4AddressIsIpv4) {
  sockaddr_storage raw;
  to_sockaddr(*parse_address("::ffff:192.0.2.7", 5), raw);
  EXPECT_EQ(from_sockaddr(reinterpret_cast<sockaddr*>(&raw)), *parse_address("192.0.2.7", 5));
}

TEST(Address, TheMachineHasOne) { EXPECT_TRUE(parse_address(local_address(), 0).has_value()); }

} // namespace
} // namespace kgw::net
