#include "telemetry/access_log_line.h"

#include <ctime>
#include <iterator>

#include <fmt/format.h>

namespace kgw::telemetry {
namespace {

// Of the UTF-8 sequence at the start of `text`: 0 when there is none. Overlong forms and surrogates are none (RFC 3629
// 4).
size_t sequence_length(std::string_view text) {
  struct Form {
    unsigned char first_least, first_most, second_least, second_most;
    size_t length;
  };
  static constexpr Form kForms[] = {
      {0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
      {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
      {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
  };
  auto within = [&](size_t at, unsigned least, unsigned most) {
    auto byte = static_cast<unsigned char>(text[at]);
    return byte >= least && byte <= most;
  };
  for (const Form& form : kForms) {
    if (!within(0, form.first_least, form.first_most)) continue;
    bool good = text.size() >= form.length && (form.length < 2 || within(1, form.second_least, form.second_most));
    for (size_t at = 2; good && at < form.length; ++at) good = within(at, 0x80, 0xBF);
    return good ? form.length : 0;
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
