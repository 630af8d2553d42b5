#include <arpa/inet.h>

#include <array>
#include <cstring>

#include "http/target.h"

namespace kgw::http {
namespace {

// RFC 3986 3.2.2: unreserved, sub-delims, without the comma: a list of hosts is not a host.
constexpr auto kRegName = [] {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (char c : std::string_view("-._~!$&'()*+;=")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool is_hex(char c) { return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f'); }

bool valid_port(std::string_view digits) {
  if (digits.size() > 5) return false;
  unsigned port = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
}

bool valid_ipv6(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos) return false;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = 0;
  in6_addr ignored;
  return inet_pton(AF_INET6, terminated, &ignored) == 1;
}

// Where the reg-name that begins at `at` ends.
const char* skip_reg_name(const char* at, const char* end) {
  while (at < end) {
    if (kRegName[static_cast<unsigned char>(*at)]) {
      ++at;
    } else if (*at == '%' && end - at >= 3 && is_hex(at[1]) && is_hex(at[2])) {
      at += 3;
    } else {
      break;
    }
  }
  return at;
}

} // namespace

bool valid_authority(std::string_view authority) {
  const char *begin = authority.data(), *end = begin + authority.size(), *at;
  if (authority.starts_with('[')) {
    std::string_view host = host_of(authority);
    if (!host.ends_with(']') || !valid_ipv6(host.substr(1, host.size() - 2))) return false;
    at = begin + host.size();
  } else {
    at = skip_reg_name(begin, end);
    if (at == begin) return false; // RFC 9110 4.2.1: an http URI without host is invalid
  }
  return at == end || (*at == ':' && valid_port({at + 1, static_cast<size_t>(end - at - 1)}));
}

std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) {
    size_t close = authority.find(']');
    return close == std::string_view::npos ? authority : authority.substr(0, close + 1);
  }
  return authority.substr(0, authority.find(':'));
}

} // namespace kgw::http
