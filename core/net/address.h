#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

struct sockaddr;
struct sockaddr_storage;

namespace kgw::net {

// A numeric IP address and port. Small, comparable, hashable by its bytes.
struct Address {
  uint8_t bytes[16] = {}; // IPv4 in the first four
  uint16_t port = 0;
  bool v6 = false;

  bool operator==(const Address&) const = default;
  bool loopback() const;
  std::string host() const; // without brackets
  std::string text() const; // host:port, [v6]:port
};

// A numeric address; a name is kInvalid.
base::Result<Address> parse_address(std::string_view host, uint16_t port);
Address from_sockaddr(const sockaddr* address);
unsigned to_sockaddr(const Address& address, sockaddr_storage& out); // returns its length

// ADDRESS/BITS, or a single ADDRESS.
struct Cidr {
  Address base;
  unsigned bits = 0;
  bool contains(const Address& address) const;
};
base::Result<Cidr> parse_cidr(std::string_view text);

// The machine's first non-loopback IPv4 address (what x-forwarded-for records for a loopback peer); 127.0.0.1 if none.
std::string local_address();

} // namespace kgw::net
