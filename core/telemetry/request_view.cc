#include "telemetry/request_view.h"

#include <cmath>
#include <cstring>

#include "net/address.h"
#include "retry/reason.h"

namespace kgw::telemetry {
namespace {

double in_ms(Duration duration) {
  double ms = std::chrono::duration<double, std::milli>(duration).count();
  return std::round(ms * 1000) / 1000;
}

AttemptView view_of(const exchange::AttemptRecord& record, Instant opened) {
  auto since = [&](Instant at) { return at == Instant{} ? kMsNone : in_ms(at - opened); };
  AttemptView view;
  if (record.has_endpoint) {
    net::Address address;
    std::memcpy(address.bytes, record.ip, sizeof address.bytes);
    address.port = record.port;
    address.v6 = record.v6;
    view.endpoint = address.text();
  }
  view.chosen = exchange::choice_code(record.choice);
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
  if (record.delay != base::kNone) view.delay_ms = in_ms(record.delay);
  return view;
}

std::string_view protocol_of(http::Version version) {
  switch (version) {
  case http::Version::kHttp2: return "HTTP/2";
  case http::Version::kHttp10: return "HTTP/1.0";
  default: return "HTTP/1.1";
  }
}

} // namespace

void view_of(const StoredRecord& record, RequestView& view) {
  const exchange::Ledger& ledger = record.ledger;
  view.sequence = record.sequence;
  view.start_time_us = record.start_unix_us;
  view.method = record.method();
  view.path = record.path();
  view.protocol = protocol_of(record.version);
  view.authority = record.authority();
  view.response_code = ledger.status;
  view.response_flags = ledger.flags.text();
  view.response_code_details = ledger.details.view();
  view.upstream_host.clear();
  view.upstream_cluster = record.cluster();
  view.route_name = record.route();
  view.request_id = record.request_id();
  view.attempt_count = ledger.attempts;
  view.bytes_received = ledger.bytes_received;
  view.bytes_sent = ledger.bytes_sent;
  view.duration_ms = in_ms(ledger.ended - ledger.opened);
  view.attempts.clear();
  for (uint32_t number = 1; number <= ledger.attempts; ++number) {
    if (!ledger.kept(number)) continue;
    view.attempts.push_back(view_of(ledger.at(number), ledger.opened));
    if (!view.attempts.back().endpoint.empty()) view.upstream_host = view.attempts.back().endpoint;
  }
}

} // namespace kgw::telemetry
