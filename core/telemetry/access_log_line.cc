#include "telemetry/access_log_line.h"

#include <ctime>
#include <iterator>

#include <fmt/format.h>

namespace kgw::telemetry {
namespace {

// Of the UTF-8 sequence at the start of `text`: 0 when there is none. Overlong forms and surrogates are none (RFC 3629
// 4).
size_t sequence_length(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  auto tail = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return false;
    }
    return true;
  };
  unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1, 2) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
    return tail(1, 3) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
    return tail(1, 4) ? 4 : 0;
  }
  return 0;
}

void append_ascii(std::string& to, char c) {
  switch (c) {
  case '"': to += "\\\""; return;
  case '\\': to += "\\\\"; return;
  case '\n': to += "\\n"; return;
  case '\r': to += "\\r"; return;
  case '\t': to += "\\t"; return;
  default: break;
  }
  if (c < 0x20 || c == 0x7F) {
    fmt::format_to(std::back_inserter(to), "\\u{:04x}", static_cast<unsigned>(c));
  } else {
    to += c;
  }
}

// C1 controls, LINE SEPARATOR and PARAGRAPH SEPARATOR.
bool append_if_break(std::string& to, std::string_view sequence) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 2 && byte(0) == 0xC2 && byte(1) < 0xA0) {
    fmt::format_to(std::back_inserter(to), "\\u{:04x}", static_cast<unsigned>(byte(1)));
    return true;
  }
  if (sequence == "\xE2\x80\xA8" || sequence == "\xE2\x80\xA9") {
    to += byte(2) == 0xA8 ? "\\u2028" : "\\u2029";
    return true;
  }
  return false;
}

void append_time(std::string& to, int64_t unix_us) {
  auto seconds = static_cast<time_t>(unix_us / 1'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  fmt::format_to(std::back_inserter(to), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                 utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, unix_us / 1000 % 1000);
}

// Members of one object: the comma comes before every key but the first.
class Object {
 public:
  explicit Object(std::string& to) : to_(to) { to_ += '{'; }
  std::string& key(std::string_view name) {
    if (!first_) to_ += ',';
    first_ = false;
    to_ += '"';
    to_ += name;
    to_ += "\":";
    return to_;
  }
  void text(std::string_view name, std::string_view value) { append_json_text(key(name), value); }
  void number(std::string_view name, uint64_t value) { fmt::format_to(std::back_inserter(key(name)), "{}", value); }
  void ms(std::string_view name, double value) {
    if (value < 0) {
      key(name) += "null";
    } else {
      fmt::format_to(std::back_inserter(key(name)), "{}", value);
    }
  }
  void end() { to_ += '}'; }

 private:
  std::string& to_;
  bool first_ = true;
};

void append_attempt(std::string& to, const AttemptView& attempt) {
  Object object(to);
  object.text("endpoint", attempt.endpoint);
  if (!attempt.chosen.empty()) object.text("chosen", attempt.chosen);
  object.key("reused") += attempt.reused ? "true" : "false";
  object.ms("start_ms", attempt.start_ms);
  object.ms("connect_ms", attempt.connect_ms);
  object.ms("first_byte_ms", attempt.first_byte_ms);
  object.ms("end_ms", attempt.end_ms);
  if (attempt.status != 0) object.number("status", attempt.status);
  if (!attempt.reset_reason.empty()) object.text("reset_reason", attempt.reset_reason);
  object.number("bytes_sent", attempt.bytes_sent);
  object.text("decision", attempt.decision);
  object.text("decision_text", attempt.decision_text);
  object.ms("delay_ms", attempt.delay_ms);
  object.end();
}

} // namespace

void append_json_text(std::string& to, std::string_view text) {
  to += '"';
  while (!text.empty()) {
    size_t length = sequence_length(text);
    if (length == 0) {
      fmt::format_to(std::back_inserter(to), "\\\\x{:02x}",
                     static_cast<unsigned>(static_cast<unsigned char>(text.front())));
      length = 1;
    } else if (length == 1) {
      append_ascii(to, text.front());
    } else if (!append_if_break(to, text.substr(0, length))) {
      to += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  to += '"';
}

void append_json(std::string& to, const RequestView& view, const std::span<const LoggedHeader>* headers) {
  Object object(to);
  object.key("start_time") += '"';
  append_time(to, view.start_time_us);
  to += '"';
  object.text("method", view.method);
  object.text("path", view.path);
  object.text("protocol", view.protocol);
  object.text("authority", view.authority);
  object.number("response_code", view.response_code);
  object.text("response_flags", view.response_flags);
  object.text("response_code_details", view.response_code_details);
  object.number("bytes_received", view.bytes_received);
  object.number("bytes_sent", view.bytes_sent);
  object.ms("duration", view.duration_ms);
  object.text("upstream_host", view.upstream_host);
  object.text("upstream_cluster", view.upstream_cluster);
  object.text("route_name", view.route_name);
  object.text("request_id", view.request_id);
  object.number("upstream_request_attempt_count", view.attempt_count);
  if (headers != nullptr) {
    Object names(object.key("request_headers"));
    for (const LoggedHeader& header : *headers) names.text(header.name, header.value);
    names.end();
  }
  object.key("attempts") += '[';
  for (size_t i = 0; i < view.attempts.size(); ++i) {
    if (i > 0) to += ',';
    append_attempt(to, view.attempts[i]);
  }
  to += ']';
  object.end();
}

} // namespace kgw::telemetry
