#include "config/rules.h"

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>

#include "base/text.h"

namespace kgw::config {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(static_cast<char>(c | 0x20)); }
bool is_hex(char c) {
  return is_digit(c) || (static_cast<char>(c | 0x20) >= 'a' && static_cast<char>(c | 0x20) <= 'f');
}

bool is_label_shaped(std::string_view text) {
  if (text.empty() || text.front() == '-' || text.back() == '-') return false;
  return std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

int two_digits(std::string_view text, size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); }

bool is_day(std::string_view text) {
  std::chrono::year_month_day day{std::chrono::year(two_digits(text, 0) * 100 + two_digits(text, 2)),
                                  std::chrono::month(static_cast<unsigned>(two_digits(text, 5))),
                                  std::chrono::day(static_cast<unsigned>(two_digits(text, 8)))};
  return day.ok();
}

bool is_time_of_day(std::string_view text) {
  return two_digits(text, 0) < 24 && two_digits(text, 3) < 60 && (text.size() < 8 || two_digits(text, 6) < 60);
}

bool is_address(int family, std::string_view text) {
  unsigned char bytes[16];
  return text.size() < INET6_ADDRSTRLEN && inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

// Unreserved, sub-delims, ":", "@", "/" and %XX.
bool has_only_path_characters(std::string_view text) {
  static constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@/";
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if (!is_letter(c) && !is_digit(c) && kMarks.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

} // namespace

bool is_dns_label(std::string_view text) { return text.size() <= kMostLabelBytes && is_label_shaped(text); }

// Kubernetes limits the whole name, not its labels.
bool is_dns_name(std::string_view text) {
  while (true) {
    size_t dot = text.find('.');
    if (!is_label_shaped(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_hostname(std::string_view text) { return is_dns_name(text) && !is_ipv4(text); }

bool is_wildcard_hostname(std::string_view text) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  return is_hostname(text);
}

bool is_service_name(std::string_view text) { return is_dns_label(text) && is_lower(text.front()); }
bool is_ipv4(std::string_view text) { return is_address(AF_INET, text); }
bool is_ipv6(std::string_view text) { return is_address(AF_INET6, text); }
bool is_ip(std::string_view text) { return is_ipv4(text) || is_ipv6(text); }
bool is_host_or_ip(std::string_view text) { return is_dns_name(text) || is_ip(text); }
bool is_not_empty(std::string_view text) { return !text.empty(); }
bool is_group(std::string_view text) { return text.empty() || is_dns_name(text); }

// IANA's rule for service names.
bool is_port_name(std::string_view text) {
  return is_label_shaped(text) && text.find("--") == std::string_view::npos && std::ranges::any_of(text, is_lower);
}

bool is_header_name(std::string_view text) { return base::is_token(text); }

bool is_match_path(std::string_view text) {
  if (!text.starts_with('/') || !has_only_path_characters(text)) return false;
  for (std::string_view inner : {"//", "/./", "/../", "%2f", "%2F"}) {
    if (text.find(inner) != std::string_view::npos) return false;
  }
  return !text.ends_with("/.") && !text.ends_with("/..");
}

bool is_kind_name(std::string_view text) {
  return !text.empty() && is_letter(text.front()) && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

// RFC 3339 without leap seconds, which Kubernetes refuses too.
bool is_timestamp(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= kShape.size()) return false;
  for (size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == 'd' ? !is_digit(text[i]) : kShape[i] != text[i]) return false;
  }
  if (!is_day(text) || !is_time_of_day(text.substr(11, 8))) return false;
  std::string_view rest = text.substr(kShape.size());
  if (rest.front() == '.') {
    size_t end = rest.find_first_not_of("0123456789", 1);
    if (end == 1 || end == std::string_view::npos) return false;
    rest.remove_prefix(end);
  }
  if (rest == "Z") return true;
  return rest.size() == 6 && (rest[0] == '+' || rest[0] == '-') && is_digit(rest[1]) && is_digit(rest[2]) &&
         rest[3] == ':' && is_digit(rest[4]) && is_digit(rest[5]) && is_time_of_day(rest.substr(1));
}

} // namespace kgw::config
