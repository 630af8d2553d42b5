#pragma once
// Small text helpers that more than one module needs.

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kgw::base {

// The candidate nearest to `name` by edit distance, if it is near enough to be a typo (at most a third of the name, at
// least two edits allowed); else empty.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> candidates);

// RFC 9110 5.6.2: what a field name or a method is made of.
bool is_token(std::string_view text);

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string to_lower(std::string_view text);
// RFC 4648 4, padding required; line breaks are skipped, as Go does. Nothing: not that.
std::optional<std::string> decode_base64(std::string_view text);
std::string_view trim(std::string_view text); // blanks and tabs
// What an errno means. Unlike strerror it may be asked on any thread.
std::string_view os_error_text(int error);
bool equal_ignore_case(std::string_view a, std::string_view b);

// Calls visit(element) for each element of a comma-separated list, blanks trimmed, empty elements skipped (RFC
// 9110 5.6.1.2), until it answers false. True when it never did.
template <typename Visit> bool each_element(std::string_view list, Visit visit) {
  while (!list.empty()) {
    size_t comma = std::min(list.find(','), list.size());
    std::string_view element = trim(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (!element.empty() && !visit(element)) return false;
  }
  return true;
}

} // namespace kgw::base
