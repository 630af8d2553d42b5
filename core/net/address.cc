#include "net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

namespace kgw::net {
namespace {

constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

} // namespace

bool Address::loopback() const {
  if (!v6) return bytes[0] == 127;
  static constexpr uint8_t kLoopback6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return std::memcmp(bytes, kLoopback6, sizeof bytes) == 0;
}

std::string Address::host() const {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(v6 ? AF_INET6 : AF_INET, bytes, text, sizeof text);
}

std::string Address::text() const { return (v6 ? "[" + host() + "]:" : host() + ":") + std::to_string(port); }

base::Result<Address> parse_address(std::string_view host, uint16_t port) {
  Address address{.port = port};
  std::string text{host};
  if (inet_pton(AF_INET, text.c_str(), address.bytes) == 1) return address;
  address.v6 = true;
  if (inet_pton(AF_INET6, text.c_str(), address.bytes) == 1) return address;
  return base::fail(base::ErrorCode::kInvalid, "not a numeric IP address: " + text);
}

// An IPv4 peer of an IPv6 socket arrives as ::ffff:a.b.c.d; everybody above wants to see a.b.c.d.
Address from_sockaddr(const sockaddr* address) {
  Address out;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    std::memcpy(out.bytes, &v4.sin_addr, 4);
    out.port = ntohs(v4.sin_port);
  } else if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    out.port = ntohs(v6.sin6_port);
    out.v6 = std::memcmp(&v6.sin6_addr, kMappedPrefix, sizeof kMappedPrefix) != 0;
    if (out.v6)
      std::memcpy(out.bytes, &v6.sin6_addr, 16);
    else
      std::memcpy(out.bytes, v6.sin6_addr.s6_addr + 12, 4);
  }
  return out;
}

unsigned to_sockaddr(const Address& address, sockaddr_storage& out) {
  out = {};
  if (address.v6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    std::memcpy(&v6.sin6_addr, address.bytes, 16);
    std::memcpy(&out, &v6, sizeof v6);
    return sizeof v6;
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(address.port);
  std::memcpy(&v4.sin_addr, address.bytes, 4);
  std::memcpy(&out, &v4, sizeof v4);
  return sizeof v4;
}

bool Cidr::contains(const Address& address) const {
  if (address.v6 != base.v6) return false;
  unsigned whole = bits / 8, rest = bits % 8;
  if (std::memcmp(address.bytes, base.bytes, whole) != 0) return false;
  return rest == 0 || ((address.bytes[whole] ^ base.bytes[whole]) >> (8 - rest)) == 0;
}

base::Result<Cidr> parse_cidr(std::string_view text) {
  size_t slash = std::min(text.find('/'), text.size());
  auto base = parse_address(text.substr(0, slash), 0);
  if (!base) return std::unexpected(base.error());
  Cidr cidr{*base, base->v6 ? 128u : 32u};
  if (slash == text.size()) return cidr;
  std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || end != digits.data() + digits.size() || bits > cidr.bits) {
    return base::fail(base::ErrorCode::kInvalid, "not a number of bits: " + std::string(digits));
  }
  cidr.bits = bits;
  return cidr;
}

std::string local_address() {
  ifaddrs* all = nullptr;
  std::string found = "127.0.0.1";
  if (getifaddrs(&all) != 0) return found;
  for (ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    if ((one->ifa_flags & IFF_UP) == 0 || (one->ifa_flags & IFF_LOOPBACK) != 0) continue;
    found = from_sockaddr(one->ifa_addr).host();
    break;
  }
  freeifaddrs(all);
  return found;
}

} // namespace kgw::net
