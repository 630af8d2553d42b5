#include "admin/url.h"

#include <algorithm>

namespace kgw::admin {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode_query_part(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  auto decoded = percent_decode(spaced);
  return decoded ? *std::move(decoded) : std::string(text);
}

} // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0;;) {
    size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::optional<std::vector<std::string>> path_segments(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1); // "/api/" is "/api": some clients write it so
  std::vector<std::string> segments;
  if (path.empty()) return segments;
  for (std::string_view part : split(path, '/')) {
    auto segment = percent_decode(part);
    if (!segment || segment->empty() || *segment == "." || *segment == "..") return std::nullopt;
    segments.push_back(*std::move(segment));
  }
  return segments;
}

Query::Query(std::string_view text) {
  if (text.empty()) return;
  for (std::string_view pair : split(text, '&')) {
    if (pair.empty()) continue;
    size_t equal = pair.find('=');
    std::string_view value = equal == std::string_view::npos ? std::string_view{} : pair.substr(equal + 1);
    values_.emplace_back(decode_query_part(pair.substr(0, equal)), decode_query_part(value));
  }
}

bool Query::has(std::string_view name) const {
  return std::ranges::any_of(values_, [&](const auto& pair) { return pair.first == name; });
}

std::string Query::get(std::string_view name) const {
  auto found = std::ranges::find_if(values_, [&](const auto& pair) { return pair.first == name; });
  return found == values_.end() ? std::string{} : found->second;
}

bool Query::flag(std::string_view name) const {
  std::string value = get(name);
  return value == "true" || value == "1";
}

std::vector<std::string> Query::all(std::string_view name) const {
  std::vector<std::string> result;
  for (const auto& [key, value] : values_) {
    if (key == name) result.push_back(value);
  }
  return result;
}

} // namespace kgw::admin
