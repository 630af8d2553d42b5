#include "src/records.h"

#include <cmath>
#include <cstring>
#include <ctime>

#include <fmt/format.h>

#include "net/address.h"

namespace kgw::capi {
namespace {

double ms_between(Instant from, Instant to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

AttemptView view_of(const exchange::AttemptRecord& record, Instant opened) {
  auto since = [&](Instant at) { return at == Instant{} ? kMsNone : ms_between(opened, at); };
  AttemptView view;
  if (record.has_endpoint) {
    net::Address address;
    std::memcpy(address.bytes, record.ip, sizeof address.bytes);
    address.port = record.port;
    address.v6 = record.v6;
    view.endpoint = address.text();
  }
  view.reused = record.reused;
  view.start_ms = since(record.start);
  view.connect_ms = since(record.connected);
  view.first_byte_ms = since(record.first_byte);
  view.end_ms = since(record.ended);
  view.status = record.status;
  view.reset_reason = retry::facts_of(record.reset).name;
  view.bytes_sent = record.bytes_sent;
  view.decision = exchange::decision_code(record.decision);
  view.decision_text = exchange::decision_sentence(record.decision);
  if (record.delay != base::kNone) view.delay_ms = std::chrono::duration<double, std::milli>(record.delay).count();
  return view;
}

std::string iso_time(int64_t unix_us) {
  auto seconds = static_cast<time_t>(unix_us / 1'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                     utc.tm_min, utc.tm_sec, unix_us / 1000 % 1000);
}

nlohmann::json ms(double value) { return value < 0 ? nlohmann::json(nullptr) : nlohmann::json(std::round(value * 1000) / 1000); }

} // namespace

RequestView view_of(const telemetry::StoredRecord& record) {
  const exchange::Ledger& ledger = record.ledger;
  RequestView view;
  view.sequence = record.sequence;
  view.start_time_us = record.start_unix_us;
  view.method = record.method();
  view.path = record.path();
  view.protocol = record.version == http::Version::kHttp2 ? "HTTP/2" : record.version == http::Version::kHttp10 ? "HTTP/1.0" : "HTTP/1.1";
  view.authority = record.authority();
  view.response_code = ledger.status;
  view.response_flags = ledger.flags.text();
  view.response_code_details = ledger.details.view();
  view.upstream_cluster = record.cluster();
  view.route_name = record.route();
  view.request_id = record.request_id();
  view.attempt_count = ledger.attempts;
  view.bytes_received = ledger.bytes_received;
  view.bytes_sent = ledger.bytes_sent;
  view.duration_ms = ms_between(ledger.opened, ledger.ended);
  for (uint32_t number = 1; number <= ledger.attempts; ++number) {
    if (!ledger.kept(number)) continue;
    view.attempts.push_back(view_of(ledger.at(number), ledger.opened));
    if (!view.attempts.back().endpoint.empty()) view.upstream_host = view.attempts.back().endpoint;
  }
  return view;
}

nlohmann::json to_json(const RequestView& view) {
  nlohmann::json attempts = nlohmann::json::array();
  for (const AttemptView& attempt : view.attempts) {
    nlohmann::json json = {{"endpoint", attempt.endpoint}, {"reused", attempt.reused}, {"start_ms", ms(attempt.start_ms)},
                           {"connect_ms", ms(attempt.connect_ms)}, {"first_byte_ms", ms(attempt.first_byte_ms)},
                           {"end_ms", ms(attempt.end_ms)}, {"bytes_sent", attempt.bytes_sent}, {"decision", attempt.decision},
                           {"decision_text", attempt.decision_text}, {"delay_ms", ms(attempt.delay_ms)}};
    if (attempt.status != 0) json["status"] = attempt.status;
    if (!attempt.reset_reason.empty()) json["reset_reason"] = attempt.reset_reason;
    attempts.push_back(std::move(json));
  }
  return {{"start_time", iso_time(view.start_time_us)}, {"method", view.method}, {"path", view.path}, {"protocol", view.protocol},
          {"authority", view.authority}, {"response_code", view.response_code}, {"response_flags", view.response_flags},
          {"response_code_details", view.response_code_details}, {"bytes_received", view.bytes_received}, {"bytes_sent", view.bytes_sent},
          {"duration", ms(view.duration_ms)}, {"upstream_host", view.upstream_host}, {"upstream_cluster", view.upstream_cluster},
          {"route_name", view.route_name}, {"request_id", view.request_id}, {"upstream_request_attempt_count", view.attempt_count},
          {"attempts", std::move(attempts)}};
}

} // namespace kgw::capi
