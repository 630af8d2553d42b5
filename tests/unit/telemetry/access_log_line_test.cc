// The text of a line: exact keys, order and values, and no bytes that break out of it.
#include <array>

#include <gtest/gtest.h>

#include "telemetry/access_log_line.h"
#include "unit/telemetry/records.h"

namespace kgw::telemetry {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

std::string as_json(std::string_view text) {
  std::string result;
  append_json_text(result, text);
  return result;
}

std::string line_of(const Finished& finished, const std::span<const LoggedHeader>* headers = nullptr) {
  StoredRecord stored;
  stored.assign(finished.record());
  RequestView view;
  view_of(stored, view);
  std::string line;
  append_json(line, view, headers);
  return line;
}

TEST(AccessLogLine, ARequestThatWasAnsweredHere) {
  Finished finished;
  finished.ledger.status = 404;
  finished.ledger.flags.set(exchange::Flag::kNR);
  finished.ledger.details = "route_not_found";
  finished.ledger.ended += microseconds(1234) + std::chrono::nanoseconds(499);
  EXPECT_EQ(
      line_of(finished),
      R"({"start_time":"2025-11-25T09:14:45.123Z","method":"GET","path":"/get?x=1","protocol":"HTTP/1.1",)"
      R"("authority":"a.example:80","response_code":404,"response_flags":"NR","response_code_details":"route_not_found",)"
      R"("bytes_received":0,"bytes_sent":0,"duration":1.234,"upstream_host":"","upstream_cluster":"ns_svc_80",)"
      R"("route_name":"ns/route/0","request_id":"id","upstream_request_attempt_count":0,"attempts":[]})");
}

TEST(AccessLogLine, AttemptsAndHeaders) {
  Finished finished;
  auto& ledger = finished.ledger;
  ledger.status = 200;
  ledger.flags.set(exchange::Flag::kURX);
  ledger.flags.set(exchange::Flag::kUF);
  ledger.bytes_received = 7;
  ledger.bytes_sent = 1u << 31;
  auto& first = ledger.begin(1, ledger.opened + milliseconds(1));
  first.ended = ledger.opened + milliseconds(2);
  first.reset = retry::Reason::kConnectionTimeout;
  first.decision = exchange::Decision::kRetryReset;
  first.delay = microseconds(25'500);
  auto& second = ledger.begin(2, ledger.opened + milliseconds(28));
  second.has_endpoint = second.reused = true;
  second.ip[0] = 10;
  second.port = 8000;
  second.connected = second.start;
  second.first_byte = ledger.opened + milliseconds(30);
  second.ended = ledger.opened + milliseconds(31);
  second.status = 200;
  second.bytes_sent = 7;
  second.choice = exchange::Choice::kRetryOtherHost;
  second.decision = exchange::Decision::kForwarded;
  ledger.ended = second.ended;
  std::array<LoggedHeader, 2> headers = {{{"user-agent", "a\"b"}, {"x-y", ""}}};
  std::span<const LoggedHeader> asked(headers);
  EXPECT_EQ(
      line_of(finished, &asked),
      R"({"start_time":"2025-11-25T09:14:45.123Z","method":"GET","path":"/get?x=1","protocol":"HTTP/1.1",)"
      R"("authority":"a.example:80","response_code":200,"response_flags":"URX,UF","response_code_details":"",)"
      R"("bytes_received":7,"bytes_sent":2147483648,"duration":31,"upstream_host":"10.0.0.0:8000","upstream_cluster":"ns_svc_80",)"
      R"("route_name":"ns/route/0","request_id":"id","upstream_request_attempt_count":2,)"
      R"("request_headers":{"user-agent":"a\"b","x-y":""},"attempts":[)"
      R"({"endpoint":"","reused":false,"start_ms":1,"connect_ms":null,"first_byte_ms":null,"end_ms":2,)"
      R"("reset_reason":"connection timeout","bytes_sent":0,"decision":"retry_reset",)"
      R"("decision_text":"the policy covers this failure: another attempt","delay_ms":25.5},)"
      R"({"endpoint":"10.0.0.0:8000","chosen":"retry_other_host","reused":true,"start_ms":28,"connect_ms":28,"first_byte_ms":30,"end_ms":31,)"
      R"("status":200,"bytes_sent":7,"decision":"forwarded","decision_text":"the response went to the client","delay_ms":null}]})");
}

TEST(AccessLogLine, HeadersThatWereAskedForAndAreNotThere) {
  std::span<const LoggedHeader> none;
  EXPECT_NE(line_of(Finished(), &none).find(R"("request_headers":{},)"), std::string::npos);
}

TEST(AccessLogLine, AViewThatIsUsedAgainKeepsNothing) {
  Finished finished;
  finished.ledger.begin(1, finished.ledger.opened).has_endpoint = true;
  StoredRecord stored;
  stored.assign(finished.record());
  RequestView view;
  view_of(stored, view);
  ASSERT_EQ(view.upstream_host, "0.0.0.0:0");
  stored.assign(Finished().record());
  view_of(stored, view);
  EXPECT_EQ(view.upstream_host, "");
  EXPECT_TRUE(view.attempts.empty());
}

TEST(AccessLogLine, QuotesAndControls) {
  EXPECT_EQ(as_json("plain"), R"("plain")");
  EXPECT_EQ(as_json(R"(a"b\c)"), R"("a\"b\\c")");
  EXPECT_EQ(as_json("a\r\n\tb"), R"("a\r\n\tb")");
  EXPECT_EQ(as_json({"\0\x01\x1b\x7f", 4}), R"("\u0000\u0001\u001b\u007f")");
}

TEST(AccessLogLine, WhatEndsALineOrSpeaksToATerminalInUtf8) {
  EXPECT_EQ(as_json("\xC2\x85\xC2\x9B"), R"("\u0085\u009b")");
  EXPECT_EQ(as_json("\xE2\x80\xA8\xE2\x80\xA9"), R"("\u2028\u2029")");
  EXPECT_EQ(as_json("\xC2\xA0\xE2\x80\xAA"), "\"\xC2\xA0\xE2\x80\xAA\"");
}

TEST(AccessLogLine, Utf8StaysAndOtherBytesBecomeEscapes) {
  EXPECT_EQ(as_json("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"");
  EXPECT_EQ(as_json("\xFF"), R"("\\xff")");
  EXPECT_EQ(as_json("\x80x"), R"("\\x80x")");
  EXPECT_EQ(as_json("\xC0\xAF"), R"("\\xc0\\xaf")");                   // overlong
  EXPECT_EQ(as_json("\xE0\x80\xAF"), R"("\\xe0\\x80\\xaf")");          // overlong
  EXPECT_EQ(as_json("\xED\xA0\x80"), R"("\\xed\\xa0\\x80")");          // a surrogate
  EXPECT_EQ(as_json("\xF4\x90\x80\x80"), R"("\\xf4\\x90\\x80\\x80")"); // beyond U+10FFFF
  EXPECT_EQ(as_json("\xE2\x82"), R"("\\xe2\\x82")");                   // cut
  EXPECT_EQ(as_json("\xE2\"\n"), R"("\\xe2\"\n")");                    // a cut sequence does not eat a quote
}

// Every pair of bytes: one line, and quotes only at its ends.
TEST(AccessLogLine, NoBytesBreakOut) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      std::string text = {static_cast<char>(a), static_cast<char>(b)};
      std::string line = as_json(text);
      bool escaped = false;
      for (size_t i = 1; i + 1 < line.size(); ++i) {
        auto c = static_cast<unsigned char>(line[i]);
        ASSERT_TRUE(c >= 0x20 && c != 0x7F) << a << ' ' << b;
        ASSERT_TRUE(c != '"' || escaped) << a << ' ' << b;
        escaped = c == '\\' && !escaped;
      }
      ASSERT_FALSE(escaped) << a << ' ' << b;
    }
  }
}

} // namespace
} // namespace kgw::telemetry
