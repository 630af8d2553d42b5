// RFC 9112 3.2, RFC 3986 3.2.2.

#include <algorithm>

#include "fuzz/grammar.h"

namespace kgw::fuzz {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool hexdig(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// dec-octet 3( "." dec-octet )
bool ipv4(std::string_view text) {
  auto octets = split(text, '.');
  return octets.size() == 4 && std::all_of(octets.begin(), octets.end(), [](std::string_view octet) {
           bool number = !octet.empty() && octet.size() <= 3 && std::all_of(octet.begin(), octet.end(), digit);
           return number && (octet.size() == 1 || octet[0] != '0') && std::stoi(std::string(octet)) <= 255;
         });
}

// How many 16-bit groups; -1 when one is none. Only what ends the address may be an IPv4 address, which is two.
int groups(std::string_view text, bool last) {
  if (text.empty()) return 0;
  auto parts = split(text, ':');
  int count = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    bool group = !parts[i].empty() && parts[i].size() <= 4 && std::all_of(parts[i].begin(), parts[i].end(), hexdig);
    bool address = last && i + 1 == parts.size() && ipv4(parts[i]);
    if (!group && !address) return -1;
    count += group ? 1 : 2;
  }
  return count;
}

bool ipv6(std::string_view text) {
  size_t gap = text.find("::");
  if (gap == text.npos) return groups(text, true) == 8;
  int before = groups(text.substr(0, gap), false), behind = groups(text.substr(gap + 2), true);
  return before >= 0 && behind >= 0 && before + behind <= 7;
}

// 1*( unreserved / pct-encoded / sub-delims ), but no ",": that would be a list.
bool reg_name(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !hexdig(text[i + 1]) || !hexdig(text[i + 2])) return false;
      i += 2;
    } else if (!digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
               (c == 0 || std::string_view("-._~!$&'()*+;=").find(c) == std::string_view::npos)) {
      return false;
    }
  }
  return !text.empty();
}

bool target_byte(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '#'; }

} // namespace

bool is_authority(std::string_view text) {
  std::string_view host = text, port;
  size_t colon = text.rfind(':'), bracket = text.rfind(']');
  if (colon != text.npos && (bracket == text.npos || bracket < colon)) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (!std::all_of(port.begin(), port.end(), digit) || port.size() > 5) return false;
  if (!port.empty() && std::stoi(std::string(port)) > 65535) return false;
  if (host.starts_with('[')) return host.ends_with(']') && ipv6(host.substr(1, host.size() - 2));
  return reg_name(host);
}

bool read_target(std::string_view text, std::string_view method, TargetParts& parts) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), target_byte)) return false;
  if (method == "CONNECT") {
    parts.authority = text;
    return is_authority(text) && text.back() != ':' && text.rfind(':') != text.npos && text.back() != ']';
  }
  parts.path = text;
  if (text == "*") return method == "OPTIONS";
  if (text[0] == '/') return true;
  std::string_view rest;
  if (lower(text.substr(0, 7)) == "http://") parts.scheme = "http", rest = text.substr(7);
  if (lower(text.substr(0, 8)) == "https://") parts.scheme = "https", rest = text.substr(8);
  size_t end = std::min(rest.find_first_of("/?"), rest.size());
  parts.authority = rest.substr(0, end);
  parts.path = rest.substr(end);
  if (parts.path.empty()) parts.path = method == "OPTIONS" ? "*" : "/";
  if (parts.path[0] == '?') parts.path.insert(0, "/");
  return !parts.scheme.empty() && is_authority(parts.authority);
}

} // namespace kgw::fuzz
