// Two passes over a copy: escapes and dot segments first, repeated slashes after it, in Envoy's order ("/a//../b" is
// "/a/b").

#include <cstring>

#include "http/target.h"

namespace kgw::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char low = static_cast<char>(c | 32);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

// RFC 3986 2.3.
bool unreserved(int c) {
  return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '.' || c == '_' || c == '~';
}

bool already_normal(std::string_view path) {
  char before = 0;
  for (char c : path) {
    if (c == '%' || c == '\\' || (before == '/' && (c == '/' || c == '.'))) return false;
    before = c;
  }
  return true;
}

// "%%36e" must not become "%6e": a decoded digit may not complete an escape that was none.
bool makes_an_escape(const char* begin, const char* to, char decoded) {
  if (hex_digit(decoded) < 0) return false;
  bool first_digit = to - begin >= 1 && to[-1] == '%';
  bool second_digit = to - begin >= 2 && to[-2] == '%' && hex_digit(to[-1]) >= 0;
  return first_digit || second_digit;
}

// Decodes what needs no escape and turns "\" around. Null when an escape hides something that no path may have.
char* unescape(std::string_view path, char* const begin) {
  char* to = begin;
  for (size_t i = 0; i < path.size(); ++i) {
    char c = path[i] == '\\' ? '/' : path[i];
    int high = c == '%' && i + 2 < path.size() ? hex_digit(path[i + 1]) : -1;
    int low = high >= 0 ? hex_digit(path[i + 2]) : -1;
    if (low < 0) {
      *to++ = c;
      continue;
    }
    int byte = high * 16 + low;
    if (byte == 0) return nullptr;
    if (unreserved(byte)) {
      if (makes_an_escape(begin, to, static_cast<char>(byte))) return nullptr;
      *to++ = static_cast<char>(byte);
    } else {
      std::memcpy(to, path.data() + i, 3);
      to += 3;
    }
    i += 2;
  }
  return to;
}

// RFC 3986 5.2.4, in place. Null when ".." would leave the root.
char* resolve_dots(char* const begin, const char* end) {
  char* to = begin;
  for (const char* from = begin; from < end;) {
    const char* next = from + 1; // *from is "/"
    while (next < end && *next != '/') ++next;
    std::string_view segment(from + 1, static_cast<size_t>(next - from - 1));
    bool last = next == end;
    if (segment == "..") {
      if (to == begin) return nullptr;
      do {
        --to;
      } while (*to != '/');
    }
    if (segment == "." || segment == "..") {
      if (last) *to++ = '/';
    } else {
      std::memmove(to, from, static_cast<size_t>(next - from));
      to += next - from;
    }
    from = next;
  }
  return to;
}

char* merge_slashes(char* const begin, const char* end) {
  char* to = begin;
  for (const char* from = begin; from < end; ++from) {
    if (*from != '/' || to == begin || to[-1] != '/') *to++ = *from;
  }
  return to;
}

} // namespace

base::Result<std::string_view> normalize_path(std::string_view path_and_query, base::Arena& arena) {
  std::string_view path = path_and_query.substr(0, path_and_query.find('?'));
  std::string_view query = path_and_query.substr(path.size());
  if (!path.starts_with('/') || already_normal(path)) return path_and_query;
  auto* begin = static_cast<char*>(arena.allocate(path_and_query.size() + 1, 1));
  char* end = unescape(path, begin);
  if (end == nullptr) return base::fail(base::ErrorCode::kInvalid, "path has an invalid escape");
  end = resolve_dots(begin, end);
  if (end == nullptr) return base::fail(base::ErrorCode::kInvalid, "path leaves the root");
  end = merge_slashes(begin, end);
  query.copy(end, query.size());
  arena.shrink_last(end + query.size());
  std::string_view normal(begin, static_cast<size_t>(end - begin) + query.size());
  return normal == path_and_query ? path_and_query : normal;
}

} // namespace kgw::http
