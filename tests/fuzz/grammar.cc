#include "fuzz/grammar.h"

#include <algorithm>

namespace kgw::fuzz {
namespace {

constexpr Verdict kComplete = Verdict::kComplete, kIncomplete = Verdict::kIncomplete, kRefused = Verdict::kRefused;

bool digit(char c) { return c >= '0' && c <= '9'; }
bool hexdig(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool all(std::string_view text, bool (*is)(char)) { return std::all_of(text.begin(), text.end(), is); }

bool tchar(char c) {
  return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c != 0 && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

// HTAB / SP / VCHAR / obs-text
bool text_byte(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); }

// A line without its CRLF; what is inside is judged by whoever reads the line.
struct Lines {
  std::string_view text;
  size_t at = 0;
  bool next(std::string_view& line) {
    size_t end = text.find("\r\n", at);
    if (end == text.npos) return false;
    line = text.substr(at, end - at);
    at = end + 2;
    return true;
  }
};

bool read_field(std::string_view line, Fields& fields) {
  size_t colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon))) return false;
  std::string_view value = line.substr(colon + 1);
  if (!all(value, text_byte)) return false;
  size_t first = value.find_first_not_of(" \t"), last = value.find_last_not_of(" \t");
  value = first == value.npos ? std::string_view{} : value.substr(first, last - first + 1);
  fields.emplace_back(lower(line.substr(0, colon)), value);
  return true;
}

// Up to and with the empty line.
Verdict read_fields(Lines& lines, Fields& fields) {
  for (std::string_view line; lines.next(line);) {
    if (line.empty()) return kComplete;
    if (!read_field(line, fields)) return kRefused;
  }
  return kIncomplete;
}

std::vector<std::string> values_of(const Fields& fields, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [field, value] : fields) {
    if (field == name) values.push_back(value);
  }
  return values;
}

bool read_version(std::string_view text, int& minor) {
  if (text.size() != 8 || text.substr(0, 7) != "HTTP/1." || !digit(text[7])) return false;
  minor = text[7] - '0';
  return true;
}

struct Framing {
  bool good = true, chunked = false;
  std::string length; // empty: none
};

Framing framing_of(const Message& message) {
  Framing framing;
  auto codings = values_of(message.fields, "transfer-encoding"), lengths = values_of(message.fields, "content-length");
  framing.chunked = !codings.empty();
  if (framing.chunked)
    framing.good = codings.size() == 1 && lower(codings[0]) == "chunked" && lengths.empty() && message.minor > 0;
  if (lengths.empty()) return framing;
  framing.good = framing.good && lengths.size() == 1 && !lengths[0].empty() && all(lengths[0], digit);
  if (!framing.good) return framing;
  framing.length = lengths[0].substr(std::min(lengths[0].find_first_not_of('0'), lengths[0].size() - 1));
  if (framing.length.size() > 19) framing.good = false; // beyond 2^63 for sure
  return framing;
}

Verdict read_body(std::string_view text, const Framing& framing, Message& message) {
  if (!framing.chunked) {
    size_t length = framing.length.empty() ? 0 : std::stoull(framing.length);
    if (text.size() - message.bytes < length) return kIncomplete;
    message.body = text.substr(message.bytes, length);
    message.bytes += length;
    return kComplete;
  }
  Message chunks;
  Verdict verdict = read_chunks(text.substr(message.bytes), chunks);
  if (verdict != kComplete) return verdict;
  message.body = chunks.body;
  Lines lines{text, message.bytes + chunks.bytes};
  verdict = read_fields(lines, message.trailers);
  message.bytes = lines.at;
  return verdict;
}

// *( ";" token [ "=" ( token / quoted-string ) ] )
bool chunk_extensions(std::string_view text) {
  while (!text.empty()) {
    if (text[0] != ';') return false;
    text.remove_prefix(1);
    size_t name = static_cast<size_t>(std::find_if_not(text.begin(), text.end(), tchar) - text.begin());
    if (name == 0) return false;
    text.remove_prefix(name);
    if (text.empty() || text[0] != '=') continue;
    text.remove_prefix(1);
    size_t value = static_cast<size_t>(std::find_if_not(text.begin(), text.end(), tchar) - text.begin());
    if (value == 0) {
      if (text.empty() || text[0] != '"') return false;
      for (value = 1; value < text.size() && text[value] != '"'; ++value) {
        if (!text_byte(text[value])) return false;
        if (text[value] != '\\') continue;
        if (++value == text.size() || !text_byte(text[value])) return false;
      }
      if (value++ >= text.size()) return false;
    }
    text.remove_prefix(value);
  }
  return true;
}

// RFC 9112 6.3, items 1 and 2.
bool bodiless(int status, std::string_view method) {
  return method == "HEAD" || status == 204 || status == 304 || (method == "CONNECT" && status < 300);
}

Verdict read_response_head(Lines& lines, Message& message) {
  std::string_view line;
  if (!lines.next(line)) return kIncomplete;
  if (line.size() < 12 || !read_version(line.substr(0, 8), message.minor) || line[8] != ' ' ||
      !all(line.substr(9, 3), digit) || line[9] == '0')
    return kRefused;
  message.status = std::stoi(std::string(line.substr(9, 3)));
  if (line.size() > 12 && (line[12] != ' ' || !all(line.substr(12), text_byte))) return kRefused;
  return read_fields(lines, message.fields);
}

} // namespace

bool is_token(std::string_view text) { return !text.empty() && all(text, tchar); }

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lowered;
}

Verdict read_chunks(std::string_view text, Message& message) {
  Lines lines{text};
  for (std::string_view line; lines.next(line);) {
    size_t digits = static_cast<size_t>(std::find_if_not(line.begin(), line.end(), hexdig) - line.begin());
    if (digits == 0 || digits > 16 || !chunk_extensions(line.substr(digits))) return kRefused;
    uint64_t size = std::stoull(std::string(line.substr(0, digits)), nullptr, 16);
    if (size > INT64_MAX) return kRefused;
    if (size == 0) {
      message.bytes = lines.at;
      return kComplete;
    }
    size_t there = text.size() - lines.at;
    message.body += text.substr(lines.at, size);
    if (there <= size) return kIncomplete;
    std::string_view end = text.substr(lines.at + size, 2);
    if (!std::string_view("\r\n").starts_with(end)) return kRefused;
    if (end.size() < 2) return kIncomplete;
    lines.at += size + 2;
  }
  return kIncomplete;
}

Verdict read_request(std::string_view text, Message& message) {
  Lines lines{text};
  std::string_view line;
  do {
    if (!lines.next(line)) return kIncomplete;
  } while (line.empty());
  size_t first = line.find(' '), last = line.rfind(' ');
  if (first == line.npos || first == last || !read_version(line.substr(last + 1), message.minor)) return kRefused;
  message.method = line.substr(0, first);
  message.target = line.substr(first + 1, last - first - 1);
  TargetParts parts;
  if (!is_token(message.method) || !read_target(message.target, message.method, parts)) return kRefused;
  if (Verdict verdict = read_fields(lines, message.fields); verdict != kComplete) return verdict;
  auto hosts = values_of(message.fields, "host");
  if (hosts.size() > 1 || (hosts.empty() && message.minor > 0)) return kRefused;
  if (!hosts.empty() && !is_authority(hosts[0])) return kRefused;
  Framing framing = framing_of(message);
  if (!framing.good) return kRefused;
  message.bytes = lines.at;
  return read_body(text, framing, message);
}

Verdict read_response(std::string_view text, std::string_view method, Message& message) {
  Lines lines{text};
  Verdict verdict = read_response_head(lines, message);
  for (; verdict == kComplete && message.status < 200; verdict = read_response_head(lines, message)) {
    Framing framing = framing_of(message);
    if (message.status == 101 || !framing.good || framing.chunked) return kRefused;
    if (!framing.length.empty() && framing.length != "0") return kRefused;
    message.interim.emplace_back(message.status, std::exchange(message.fields, {}));
  }
  if (verdict != kComplete) return verdict;
  Framing framing = framing_of(message);
  if (!framing.good) return kRefused;
  message.bytes = lines.at;
  if (bodiless(message.status, method)) return kComplete;
  if (framing.chunked || !framing.length.empty()) return read_body(text, framing, message);
  message.body = text.substr(message.bytes);
  message.bytes = text.size();
  return kComplete;
}

} // namespace kgw::fuzz
