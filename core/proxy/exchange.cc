#include "proxy/exchange.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "http/status.h"
#include "proxy/attempts_field.h"
#include "proxy/request_id.h"
#include "proxy/websocket.h"

namespace kgw::proxy {

using exchange::Event;
using exchange::Step;
using Kind = exchange::Event::Kind;

namespace {

constexpr uint8_t kToEndpoint = 1, kToClient = 2; // attempt_count_headers

} // namespace

Exchange::Exchange(Context& context)
    : context_(context), body_(context.upstream.chunks),
      attempts_{{{*this, 0}, {*this, 1}, {*this, 2}, {*this, 3}, {*this, 4}, {*this, 5}, {*this, 6}, {*this, 7}}},
      timer_([](void* self, Instant now) { static_cast<Exchange*>(self)->on_timer(now); }, this) {}

void Exchange::reset() {
  arena_.reset();
  body_.clear();
  trailers_ = nullptr;
  answer_head_ = nullptr;
  winner_ = 0;
  route_ = cluster_ = allow_ = {};
  after_silence_ = exchange::Gone::kIdle;
  tunnel_ = keep_trailers_ = shows_attempts_ = false;
  planned_ = body_ended_ = upload_paused_ = download_paused_ = head_request_ = false;
}

// ---- client side ---------------------------------------------------------------------------------------------------

void Exchange::begin(Sink& sink, WorkerSnapshot& snapshot, size_t socket) {
  sink_ = &sink;
  snapshot_ = &snapshot;
  ++snapshot.pins;
  stats_ = snapshot.listener_stats[socket].front();
  started_unix_us_ = context_.record == nullptr ? 0 : context_.unix_time_us();
  ledger_.open(now());
}

void Exchange::open(Sink& sink, WorkerSnapshot& snapshot, size_t socket, const http::Peer& peer, http::Head& head,
                    bool end) {
  begin(sink, snapshot, socket);
  head_ = head;
  body_ended_ = end && !head_.asks_for_tunnel();
  head_request_ = head.method_id == http::MethodId::kHead;
  reply_form_ = http::reply_form_of(head_);
  touch();

  const snapshot::Socket& where = snapshot.snapshot->sockets[socket];
  exchange::Resolution resolution;
  if (!http::strip_hop_by_hop(head_)) {
    resolution.reply = {400, {}, false};
    resolution.details = "connection_header_rejected";
  } else {
    http::shape_request(head_, arena_, peer, make_request_id(context_.random, arena_));
    take_debug();
    if (where.connection.send_via != 0) resolution.looped = !http::add_via(head_, arena_, context_.identity.via);
    exchange::resolve(*snapshot.snapshot, where, snapshot.views, head_, arena_, context_.random, resolution);
  }
  size_t listener = resolution.listener < 0 ? 0 : static_cast<size_t>(resolution.listener);
  stats_ = snapshot.listener_stats[socket][listener];
  stats_->downstream_rq_total.add();
  stats_->downstream_rq_active.add();
  const snapshot::ListenerSettings& settings = where.settings[listener];
  idle_timeout_ = base::from_ms(settings.stream_idle_timeout_ms);
  high_watermark_ = static_cast<size_t>(settings.buffer_bytes);
  keep_trailers_ = settings.keep_h1_trailers != 0;
  if (resolution.action != nullptr) {
    route_ = resolution.action->rule;
    if (resolution.action->stream_idle != base::kNone) idle_timeout_ = resolution.action->stream_idle;
  }
  if (!resolution.forward) return answer(resolution);

  auto index = static_cast<size_t>(resolution.cluster);
  pools_ = snapshot.pools[index];
  pools_->retain();
  cluster_ = snapshot.snapshot->clusters[index].spec.name;
  if (!resolution.action->host_rewrite.empty()) {
    http::set_field(head_, arena_, http::Token::kXEnvoyOriginalHost, head_.authority);
    head_.authority = resolution.action->host_rewrite;
  }
  planned_ = true;
  plan_ = resolution.plan;
  if (resolution.own_policy) {
    own_policy_ = std::move(*resolution.own_policy);
    plan_.retry = &own_policy_;
  }
  plan_.early_data = head_.has(http::Token::kEarlyData);
  machine_.open(plan_, context_.random, ledger_, now());
  plan_.tunnel = head_.asks_for_tunnel();
  websocket_key_ = plan_.tunnel && ask_for_websocket(head_, arena_, context_.random);
  if (machine_.keeping() && !end) body_.start_keeping();
  run({.kind = Kind::kHead, .end = end && !plan_.tunnel});
}

// For us alone: the endpoint does not see it. Of a client that is not trusted it is gone already.
void Exchange::take_debug() {
  const http::Field* asked = head_.find(http::Token::kXKgwcoreDebug);
  if (asked == nullptr) return;
  shows_attempts_ = asked->value_view() == "attempts";
  head_.remove(http::Token::kXKgwcoreDebug);
}

void Exchange::show_attempts(http::Head& head) {
  if (!shows_attempts_ || ledger_.attempts == 0 || head.status < 200) return;
  http::set_field(head, arena_, "x-kgwcore-attempts", attempts_field(ledger_, now(), arena_));
}

void Exchange::refuse(Sink& sink, WorkerSnapshot& snapshot, size_t socket, uint16_t status, std::string_view reason,
                      const http::Head& known) {
  begin(sink, snapshot, socket);
  // Nobody looks at fields that were not all read.
  head_ = {.method = known.method,
           .authority = known.authority,
           .path = known.path,
           .method_id = known.method_id,
           .version = known.version};
  head_request_ = known.method_id == http::MethodId::kHead;
  body_ended_ = true;
  stats_->downstream_rq_total.add();
  stats_->downstream_rq_active.add();
  exchange::Resolution resolution;
  resolution.reply = {status, http::reason_phrase(status), false};
  resolution.why = exchange::decision_of_refusal(reason);
  resolution.details = reason;
  if (reason.starts_with("http")) ledger_.flags.set(exchange::Flag::kDPE);
  answer(resolution);
}

void Exchange::answer(const exchange::Resolution& resolution) {
  if (resolution.no_route) {
    ledger_.flags.set(exchange::Flag::kNR);
    stats_->no_route.add();
  }
  allow_ = resolution.allow;
  ledger_.ended = now();
  Step step = exchange::Machine::answer(resolution.reply, resolution.why, resolution.details, ledger_);
  (void)step; // kReply | kDone, always
  reply(resolution.reply);
  finish();
}

void Exchange::client_data(std::span<const char> data, bool end) {
  touch();
  ledger_.bytes_received += data.size();
  body_.append(data);
  body_ended_ = end;
  if (!tunnel_) run({.kind = Kind::kBody, .bytes = data.size()});
  if (sink_ == nullptr) return;
  pump();
  if (end) run({.kind = Kind::kEnd});
  if (sink_ != nullptr) check_upload();
}

void Exchange::client_end(http::Head* trailers) {
  touch();
  if (trailers != nullptr && (keep_trailers_ || head_.version == http::Version::kHttp2)) {
    trailers_head_ = *trailers;
    trailers_ = &trailers_head_;
  }
  body_ended_ = true;
  pump();
  if (!plan_.tunnel) run({.kind = Kind::kEnd}); // a tunnel's request ended with its head
}

void Exchange::client_gone(exchange::Gone how, std::string_view reason) {
  if (planned_ && !machine_.done()) run({.kind = Kind::kClientGone, .gone = how, .reason = reason});
}

void Exchange::tunnel_closing(Duration grace) {
  touch();
  body_ended_ = true;
  idle_timeout_ = std::max<Duration>(grace, std::chrono::milliseconds(1));
  after_silence_ = exchange::Gone::kDisconnect;
  pump();
  run({.kind = Kind::kClientGone, .gone = exchange::Gone::kTunnelEnd});
}

// What no attempt has taken yet is bounded by the watermark while one lives and in front of the first one; in a
// back-off only the replay limit counts.
void Exchange::check_upload() {
  uint64_t unsent = machine_.held() ? body_.end() : most_unsent();
  bool full = unsent > high_watermark_;
  if (full == upload_paused_ || (upload_paused_ && unsent > high_watermark_ / 2)) return;
  upload_paused_ = full;
  if (full) {
    sink_->pause_request();
  } else {
    sink_->resume_request();
  }
}

void Exchange::pump() {
  for (uint16_t mask = machine_.live(); mask != 0; mask &= static_cast<uint16_t>(mask - 1))
    attempts_[std::countr_zero(mask)].pump();
}

uint64_t Exchange::most_unsent() const {
  uint64_t most = 0;
  for (uint16_t mask = machine_.live(); mask != 0; mask &= static_cast<uint16_t>(mask - 1)) {
    most = std::max(most, attempts_[std::countr_zero(mask)].unsent());
  }
  return most;
}

void Exchange::release_body() {
  const Body::Cursor* slowest = nullptr;
  for (const Attempt& attempt : attempts_) {
    if (attempt.live() && (slowest == nullptr || attempt.cursor().position < slowest->position))
      slowest = &attempt.cursor();
  }
  if (slowest != nullptr) body_.release_before(*slowest);
}

void Exchange::upload_moved(bool own) {
  if (own) touch();
  check_upload();
}

void Exchange::download_moved(bool own) {
  if (own || download_paused_) touch();
  if (!download_paused_ || sink_->queued() > high_watermark_ / 2) return;
  download_paused_ = false;
  attempts_[winner_].resume_response();
}

// ---- attempts ------------------------------------------------------------------------------------------------------

void Exchange::attempt_ready(uint8_t slot, bool reused) {
  run({.kind = Kind::kReady, .slot = slot, .reused = reused});
  if (sink_ != nullptr) check_upload();
}

void Exchange::attempt_failed(uint8_t slot, const exchange::Failure& failure) {
  run({.kind = Kind::kFailed, .slot = slot, .failure = failure});
  if (sink_ != nullptr) check_upload();
}

void Exchange::count_limit(exchange::Decision broken) {
  cluster::Stats& stats = plan_.cluster->stats();
  switch (broken) {
  case exchange::Decision::kLimitResponseHeadBytes: return stats.limit_response_head_bytes.add();
  case exchange::Decision::kLimitResponseHeaderCount: return stats.limit_response_header_count.add();
  case exchange::Decision::kLimitInformationalResponses: return stats.limit_informational_responses.add();
  default: return;
  }
}

// RFC 9110 7.6.1 holds for interim heads too.
bool Exchange::take_head(uint8_t slot, http::Head& head) {
  touch();
  answer_head_ = &head;
  if (http::strip_hop_by_hop(head)) return true;
  attempts_[slot].break_off();
  return false;
}

void Exchange::attempt_informed(uint8_t slot, http::Head& head) {
  if (!take_head(slot, head)) return;
  run({.kind = Kind::kInform, .slot = slot, .status = head.status});
}

void Exchange::attempt_answered(uint8_t slot, http::Head& head, bool end) {
  // The retry rules see the fields of the connection too.
  int64_t unix_s = !plan_.retry->waits_as_told() ? 0 : context_.unix_time_us() / 1'000'000;
  retry::ResponseFacts facts = retry::examine(head, end, *plan_.retry, unix_s);
  facts.switches = plan_.tunnel && http::opens_tunnel(head_.method_id, head.status);
  if (reply_form_ == http::ReplyForm::kGrpc && head.has(http::Token::kGrpcStatus)) {
    const http::Field* grpc = head.only(http::Token::kGrpcStatus);
    facts.grpc_as_http = http::status_of_grpc(grpc == nullptr ? "" : grpc->value_view());
  }
  if (plan_.tunnel && !agrees_on_tunnel(head_, head, facts.switches, websocket_key_, arena_))
    return attempts_[slot].break_off();
  if (!take_head(slot, head)) return;
  run({.kind = Kind::kResponse, .slot = slot, .facts = facts});
}

void Exchange::attempt_data(uint8_t slot, std::span<const char> data, bool end) {
  touch();
  ledger_.bytes_sent += data.size();
  if (machine_.counts_silence()) [[unlikely]]
    run({.kind = Kind::kMoved, .slot = slot});
  sink_->data(data, end);
  if (end) return run({.kind = Kind::kFinished, .slot = slot});
  if (!download_paused_ && sink_->queued() > high_watermark_) {
    download_paused_ = true;
    attempts_[slot].pause_response();
  }
}

void Exchange::attempt_finished(uint8_t slot, http::Head* trailers, bool usual) {
  touch();
  bool kept = keep_trailers_ || (usual && head_.version == http::Version::kHttp2);
  sink_->trailers(kept ? trailers : nullptr);
  run({.kind = Kind::kFinished, .slot = slot});
}

// ---- the driver ----------------------------------------------------------------------------------------------------

Step Exchange::feed(const Event& event) {
  if (context_.trace == nullptr) [[likely]]
    return exchange::feed(machine_, event, now());
  base::Random before = context_.random;
  Step step = exchange::feed(machine_, event, now());
  context_.trace(context_.trace_context, {.exchange = this,
                                          .plan = &plan_,
                                          .ledger = &ledger_,
                                          .event = event,
                                          .at = now(),
                                          .random = before,
                                          .step = step,
                                          .deadline = machine_.deadline()});
  return step;
}

void Exchange::carry_out(Step step) {
  for (bool more = true; more;) {
    more = false;
    for (uint16_t mask = step.reset; mask != 0; mask &= static_cast<uint16_t>(mask - 1))
      attempts_[std::countr_zero(mask)].cancel();
    if ((step.acts & exchange::kDropBody) != 0) body_.stop_keeping();
    if ((step.acts & exchange::kInform) != 0) sink_->inform(*answer_head_);
    if ((step.acts & exchange::kForward) != 0) {
      winner_ = step.slot;
      forward(*answer_head_, (step.acts & exchange::kDone) != 0);
    }
    if ((step.acts & exchange::kReply) != 0) reply(machine_.reply());
    if ((step.acts & exchange::kAbort) != 0) sink_->abort();
    if ((step.acts & exchange::kDone) != 0) return finish();
    if ((step.acts & exchange::kStart) != 0 && attempts_[step.slot].lease(*pools_, machine_.start())) {
      step = feed({.kind = Kind::kReady, .slot = step.slot, .reused = true});
      more = true;
    }
  }
  arm();
}

std::string_view Exchange::number(int64_t value) {
  auto* text = static_cast<char*>(arena_.allocate(24, 1));
  return {text, std::to_chars(text, text + 24, value).ptr};
}

http::AttemptHeaders Exchange::attempt_headers(const exchange::StartInfo& start) const {
  return {.expected_timeout_ms = plan_.suppress_envoy_headers ? 0 : start.expected_timeout_ms,
          .attempt_count = (plan_.attempt_count_headers & kToEndpoint) != 0 ? start.attempt : 0,
          .is_timeout_retry = plan_.timeout_retry_header ? start.timeout_retry : int8_t{-1}};
}

void Exchange::forward(http::Head& head, bool end) {
  int64_t service_ms = machine_.service_time_ms(now());
  // Before the request has ended there is no such time, and the origin's own stays.
  if (!plan_.suppress_envoy_headers && service_ms >= 0) {
    http::set_field(head, arena_, http::Token::kXEnvoyUpstreamServiceTime, number(service_ms));
  }
  if ((plan_.attempt_count_headers & kToClient) != 0) {
    http::set_field(head, arena_, http::Token::kXEnvoyAttemptCount, number(ledger_.attempts));
  }
  // RFC 9110 6.6.1: a response that has none gets the time at which it came.
  if (!head.has(http::Token::kDate) && head.status >= 200)
    http::add_field(head, arena_, http::Token::kDate, context_.date());
  show_attempts(head);
  count_response(head.status);
  sink_->head(head, end, !body_ended_ && !plan_.tunnel);
  if (end) return;
  let_go_of_snapshot();
  if (plan_.tunnel && http::opens_tunnel(head_.method_id, head.status)) open_tunnel();
}

void Exchange::open_tunnel() {
  tunnel_ = true;
  attempts_[winner_].open_tunnel();
  stats_->downstream_cx_upgrades_total.add();
  stats_->downstream_cx_upgrades_active.add();
}

void Exchange::reply(const exchange::Reply& reply) {
  bool counted = planned_ && reply.counted && (plan_.attempt_count_headers & kToClient) != 0;
  http::LocalReply local{.status = reply.status,
                         .body = reply.body,
                         .overloaded = reply.overloaded && !plan_.suppress_envoy_headers,
                         .grpc_status = reply.grpc_status,
                         .attempt_count = counted ? ledger_.attempts : 0};
  http::Head head = http::local_reply_head(local, reply_form_, head_request_, context_.date(), arena_);
  if (!allow_.empty()) http::add_field(head, arena_, "allow", allow_);
  show_attempts(head);
  count_response(head.status);
  bool with_body = !reply.body.empty() && !head_request_ && reply_form_ == http::ReplyForm::kPlain;
  // What a client sent for a tunnel that we refuse is no request (RFC 9931), so the connection ends, as in Envoy.
  sink_->head(head, !with_body, !body_ended_);
  if (!with_body) return;
  ledger_.bytes_sent += reply.body.size();
  sink_->data(reply.body, true);
}

void Exchange::count_response(uint16_t status) {
  switch (status / 100) {
  case 1: stats_->downstream_rq_1xx.add(); break;
  case 2: stats_->downstream_rq_2xx.add(); break;
  case 3: stats_->downstream_rq_3xx.add(); break;
  case 4: stats_->downstream_rq_4xx.add(); break;
  default: stats_->downstream_rq_5xx.add(); break;
  }
}

// A long download must not keep an old configuration in memory: nothing of it is needed once the response is on its
// way.
void Exchange::let_go_of_snapshot() {
  route_ = arena_.copy(route_);
  cluster_ = arena_.copy(cluster_);
  head_.authority = arena_.copy(head_.authority); // a hostRewrite's
  snapshot_->unpin();
  snapshot_ = nullptr;
}

void Exchange::finish() {
  if (planned_) attempts_[winner_].cancel(); // a winner whose request is still open
  bool whole = tunnel_ || (ledger_.status != 0 && !ledger_.flags.has(exchange::Flag::kDC) &&
                           !ledger_.flags.has(exchange::Flag::kDR));
  (whole ? stats_->downstream_rq_completed : stats_->downstream_rq_aborted).add();
  stats_->downstream_rq_active.sub();
  if (tunnel_) stats_->downstream_cx_upgrades_active.sub();
  if (context_.record != nullptr) {
    const http::Field* id = head_.find(http::Token::kXRequestId);
    context_.record(context_.record_context, {.ledger = &ledger_,
                                              .start_unix_us = started_unix_us_,
                                              .method = head_.method,
                                              .path = head_.path,
                                              .authority = head_.authority,
                                              .request_id = id == nullptr ? std::string_view{} : id->value_view(),
                                              .route = route_,
                                              .cluster = cluster_,
                                              .version = head_.version,
                                              .head = &head_});
  }
  if (pools_ != nullptr) pools_->release();
  pools_ = nullptr;
  if (snapshot_ != nullptr) snapshot_->unpin();
  snapshot_ = nullptr;
  body_.clear();
  Sink* sink = sink_;
  sink_ = nullptr;
  context_.give_back(*this);
  sink->done();
}

// ---- time ----------------------------------------------------------------------------------------------------------

// The timer is left armed across requests; it looks at the clock when it fires and goes back to sleep if there is
// nothing to do. So a keep-alive request touches the wheel only when its deadline is earlier than any before.
void Exchange::arm() {
  Instant due = machine_.deadline();
  if (idle_timeout_ > Duration{} && last_activity_ + idle_timeout_ < due) due = last_activity_ + idle_timeout_;
  if (due < timer_.at()) context_.loop.wheel().arm(timer_, due);
}

void Exchange::on_timer(Instant at) {
  if (sink_ == nullptr || !planned_) return;
  if (machine_.deadline() <= at) {
    run({.kind = Kind::kTimeout});
    if (sink_ != nullptr) check_upload();
  } else if (idle_timeout_ > Duration{} && last_activity_ + idle_timeout_ <= at) {
    if (after_silence_ == exchange::Gone::kIdle) stats_->downstream_rq_idle_timeout.add();
    run({.kind = Kind::kClientGone, .gone = after_silence_});
  }
  if (sink_ != nullptr) arm();
}

} // namespace kgw::proxy
