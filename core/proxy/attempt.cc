#include "proxy/attempt.h"

#include "proxy/exchange.h"

namespace kgw::proxy {
namespace {

retry::Reason reason_of(upstream::FailureKind kind) {
  switch (kind) {
  case upstream::FailureKind::kRemoteConnection: return retry::Reason::kRemoteConnectionFailure;
  case upstream::FailureKind::kLocalConnection: return retry::Reason::kLocalConnectionFailure;
  case upstream::FailureKind::kConnectTimeout: return retry::Reason::kConnectionTimeout;
  case upstream::FailureKind::kTermination: return retry::Reason::kConnectionTermination;
  case upstream::FailureKind::kProtocol: return retry::Reason::kProtocolError;
  case upstream::FailureKind::kOverflow: return retry::Reason::kOverflow;
  case upstream::FailureKind::kReset: return retry::Reason::kRemoteReset;
  case upstream::FailureKind::kRefused: return retry::Reason::kRemoteRefused;
  case upstream::FailureKind::kConnectError: return retry::Reason::kRemoteConnectError;
  }
  return retry::Reason::kLocalReset;
}

} // namespace

bool Attempt::lease(upstream::ClusterPools& pools, const exchange::StartInfo& start) {
  host_ = cluster::HostRef(start.endpoint);
  headers_ = exchange_.attempt_headers(start);
  number_ = start.attempt;
  cursor_ = {};
  end_sent_ = false;
  if (pools.lease(*start.endpoint, stream_) == upstream::Pool::Lease::kPending) return false;
  begin();
  return true;
}

void Attempt::begin() {
  always_trailers_ = stream_.always_trailers();
  bool nothing_follows = exchange_.body_ended() && exchange_.body().end() == 0 && trailers() == nullptr;
  bool end = nothing_follows || exchange_.tunnel_waits();
  stream_.write_head(exchange_.request(), headers_, end);
  end_sent_ = end;
  if (!end) pump();
  stream_.flush();
}

void Attempt::pump() {
  if (!stream_.attached() || end_sent_) return;
  Body& body = exchange_.body();
  while (stream_.queued() < exchange_.high_watermark()) {
    std::span<const char> run = body.peek(cursor_);
    if (run.empty()) break;
    body.advance(cursor_, run.size());
    bool last = exchange_.body_ended() && cursor_.position == body.end();
    end_sent_ = last && trailers() == nullptr;
    exchange_.count_sent(number_, run.size());
    stream_.write_data(run, end_sent_);
    stream_.flush();
  }
  if (exchange_.body_ended() && !end_sent_ && cursor_.position == body.end()) {
    end_sent_ = true;
    if (const http::Head* last = trailers()) {
      stream_.write_trailers(*last);
    } else {
      stream_.write_data({}, true);
    }
    stream_.flush();
  }
  exchange_.release_body();
}

void Attempt::open_tunnel() {
  end_sent_ = false;
  stream_.open_tunnel();
  pump();
}

uint64_t Attempt::unsent() const { return exchange_.body().end() - cursor_.position + stream_.queued(); }

void Attempt::cancel() {
  stream_.cancel();
  host_.reset();
  cursor_ = {};
}

void Attempt::break_off() {
  stream_.cancel();
  on_failed({.kind = upstream::FailureKind::kProtocol, .head_sent = true});
}

void Attempt::on_ready(bool reused) {
  begin();
  exchange_.attempt_ready(slot_, reused);
}

void Attempt::on_failed(const upstream::StreamFailure& failure) {
  cluster::HostRef host = std::move(host_); // the machine judges it, and what it wants next may take this slot
  cursor_ = {};
  exchange::Decision limit = exchange::decision_of_response_fault(failure.fault);
  exchange_.count_limit(limit);
  exchange_.attempt_failed(slot_, {reason_of(failure.kind), failure.head_sent, failure.text, limit});
}

void Attempt::on_inform(http::Head& head) { exchange_.attempt_informed(slot_, head); }
void Attempt::on_head(http::Head& head, bool end) { exchange_.attempt_answered(slot_, head, end); }
void Attempt::on_data(std::span<const char> data, bool end) { exchange_.attempt_data(slot_, data, end); }
void Attempt::on_end(http::Head* trailers) { exchange_.attempt_finished(slot_, trailers, always_trailers_); }

const http::Head* Attempt::trailers() const { return exchange_.request_trailers(always_trailers_); }

void Attempt::on_drained(bool own) {
  pump();
  exchange_.upload_moved(own);
}

} // namespace kgw::proxy
