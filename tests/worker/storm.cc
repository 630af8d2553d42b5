#include "worker/storm.h"

#include <algorithm>

#include <fmt/format.h>

namespace kgw::test {

using base::from_ms;
using base::seconds;

// ---- an origin's half of a request ---------------------------------------------------------------------------------

void Served::inform() const {
  if (h2 != nullptr) return h2->inform(*stream, 103);
  h1->send("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
}

void Served::head(int status, const Label& answer) {
  H2Fields fields = answer.fields();
  sized |= head_request;
  if (sized) fields.emplace_back("content-length", std::to_string(answer.bytes));
  if (h2 != nullptr) return h2->answer(*stream, status, fields, head_request);
  std::string text = fmt::format("HTTP/1.1 {} Words\r\n", status);
  for (const auto& [name, value] : fields) text += fmt::format("{}: {}\r\n", name, value);
  h1->send(text + (sized ? "\r\n" : "transfer-encoding: chunked\r\n\r\n"));
}

void Served::data(std::string_view piece) const {
  if (head_request || piece.empty()) return;
  if (h2 != nullptr) return h2->send(*stream, piece, false);
  h1->send(sized ? std::string(piece) : fmt::format("{:x}\r\n{}\r\n", piece.size(), piece));
}

void Served::finish(const Label& answer) const {
  if (head_request) return;
  if (h2 != nullptr) {
    if (answer.trailers) return h2->send_trailers(*stream, answer.trailer_fields());
    return h2->send(*stream, {}, true);
  }
  if (sized) return;
  std::string text = "0\r\n";
  for (const auto& [name, value] : answer.trailer_fields()) text += fmt::format("{}: {}\r\n", name, value);
  h1->send(text + "\r\n");
}

void Served::reset(uint32_t code) const { h2 != nullptr ? h2->reset(*stream, code) : h1->close(true); }
void Served::close(bool reset) const { h2 != nullptr ? h2->close(reset) : h1->close(reset); }

// ---- chance --------------------------------------------------------------------------------------------------------

Storm::Storm(uint64_t seed) : Harness(seed), random_(seed) {
  configure();
  network->plan = [this](size_t, const net::Address& to) { return faults_of(to); };
  whole_origin = [this](Peer& peer, const Request& request) { on_h1_request(peer, request); };
  h2_origin = [this](H2Peer& peer, H2Stream& stream) { on_h2_request(peer, stream); };
}

size_t Storm::some_bytes() {
  static const std::vector<size_t> most = {1, 100, 5000, 20'000, 200'000};
  return random_.below(any_of(most));
}

uint32_t Storm::some_code() { return static_cast<uint32_t>(random_.below(NGHTTP2_HTTP_1_1_REQUIRED + 1)); }

H2Options Storm::some_options() {
  H2Options options;
  options.stream_window = any_of<uint32_t>({300, 65535, 1 << 20});
  options.connection_window = any_of<int32_t>({65535, 1 << 20});
  if (one_in(2)) options.concurrent_streams = any_of<uint32_t>({1, 3, 100});
  options.answers_pings = !one_in(8);
  return options;
}

void Storm::configure() {
  http2 = !one_in(3);
  for (uint32_t bit : {retry::k5xx, retry::kReset, retry::kConnectFailure, retry::kRefusedStream, retry::kGatewayError,
                       retry::kRetriable4xx, retry::kResetBeforeRequest}) {
    if (one_in(3)) action.retry.on |= bit;
  }
  action.retry.retries = static_cast<uint32_t>(random_.below(4));
  patient_ = one_in(2);
  action.timeout = Duration{};
  if (!patient_) {
    action.retry.per_try_timeout = any_of<Duration>({{}, from_ms(50), from_ms(500)});
    action.retry.hedge = one_in(5);
    action.timeout = any_of<Duration>({{}, from_ms(300), seconds(15)});
  }
  action.settings.replay_limit_bytes = any_of<int64_t>({-1, -1, 1000});
  listener.keep_h1_trailers = 1;
  listener.stream_idle_timeout_ms = patient_ ? 0 : 60'000;
  listener.buffer_bytes = any_of<int64_t>({4096, 16'384, 1 << 20});
  listener.h2_stream_window_bytes = any_of<int64_t>({65535, 1 << 20});
  listener.h2_connection_window_bytes = any_of<int64_t>({65535, 1 << 20});
  // Uploads that wait for an endpoint fill the window of their connection, and then hold up the one that has it.
  if (patient_) listener.h2_connection_window_bytes = 24 << 20;
  listener.h2_concurrent_streams = any_of<int64_t>({2, 100});
  listener.requests_per_turn = any_of<int64_t>({1, 64});
  listener.requests_per_connection = any_of<int64_t>({0, 0, 4});
  h2_stream_window_bytes = any_of<int64_t>({65535, 1 << 20});
  h2_connection_window_bytes = any_of<int64_t>({65535, 1 << 20});
  cluster.max_retries = any_of<int64_t>({3, 100});
  cluster.max_requests = any_of<int64_t>({4, 1024, 1024});
  cluster.max_connections = any_of<int64_t>({1, 1024, 1024});
  cluster.max_pending_requests = any_of<int64_t>({1, 1024, 1024});
  cluster.upstream_idle_timeout_ms = any_of<int64_t>({20, 3'600'000});
  h2_options = some_options();
}

LinkFaults Storm::faults_of(const net::Address& to) {
  LinkFaults faults;
  bool of_client = to.host() == "10.0.0.100";
  for (Faults* way : {&faults.to_client, &faults.to_server}) {
    if (!one_in(3)) way->seed = 1 + random_.below(1'000'000);
    if (one_in(3)) way->capacity = 1 + random_.below(20'000);
    if (!one_in(of_client ? 20 : 10)) continue;
    (one_in(2) ? way->reset_at : way->finish_at) = random_.below(any_of<uint64_t>({300, 60'000}));
  }
  return faults;
}

// ---- the story -----------------------------------------------------------------------------------------------------

void Storm::run() {
  for (int i = 0; i < 120; ++i) step();
  if (patient_) {
    for (int i = 0; i < 20; ++i) { // back-offs, and who asks after them
      let_all_go();
      run_jobs(true);
      advance(seconds(1));
    }
  } else {
    run_jobs(true);
    // Longer than all times of silence in a row: a client that reads nothing, then a linger.
    advance(seconds(400));
  }
  harvest();
}

void Storm::let_all_go() {
  auto leave = [](auto& peers) {
    for (auto& peer : peers) {
      if (peer->ended()) peer->close();
    }
  };
  leave(clients);
  leave(origins);
  leave(h2_clients);
  leave(h2_origins);
  for (auto* side : {&h2_clients, &h2_origins}) {
    for (auto& peer : *side) {
      peer->settings(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65535);
      if (side == &h2_origins) peer->settings(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100);
      for (auto& [id, stream] : peer->streams) peer->hold(*stream, false);
    }
  }
}

void Storm::step() {
  if (seed_requests_ < 40 && one_in(2)) ask();
  clients_act();
  origins_act();
  network_acts();
  operator_acts();
  run_jobs(false);
  advance(Duration(static_cast<int64_t>(random_.below(any_of<uint64_t>({1, 1'000'000, 20'000'000})))));
  harvest();
}

void Storm::run_jobs(bool all) {
  for (int round = 0; round < (all ? 1000 : 1) && !jobs_.empty(); ++round) {
    std::vector<Job> now = std::exchange(jobs_, {});
    for (Job& job : now) {
      if ((!all && one_in(2)) || job()) jobs_.push_back(std::move(job));
    }
    settle();
  }
}

// ---- clients -------------------------------------------------------------------------------------------------------

Label Storm::new_label() {
  Label label{.id = fmt::format("{}", seed_requests_++)};
  label.salt = random_.next() >> 1;
  label.bytes = some_bytes();
  label.trailers = one_in(3);
  return label;
}

void Storm::ask() {
  size_t clients_there = h2_clients.size() + clients.size();
  if (!drains_ && (clients_there < 2 || one_in(5))) {
    if (one_in(3)) {
      connect_client();
    } else {
      connect_h2_client(some_options());
    }
    clients_there = h2_clients.size() + clients.size();
  }
  if (clients_there == 0) return;
  size_t which = random_.below(clients_there);
  if (which < h2_clients.size()) return ask_h2(*h2_clients[which]);
  ask_h1(*clients[which - h2_clients.size()]);
}

void Storm::ask_h2(H2Peer& client) {
  if (client.gone() || client.ended() || !client.goaways.empty()) return;
  Asked& asked = asked_.emplace_back(Asked{.label = new_label(), .h2 = &client});
  bool with_body = one_in(2);
  if (!with_body) asked.label.bytes = 0;
  asked.label.trailers &= with_body;
  asked.head_request = !with_body && one_in(6);
  std::string method = with_body ? "POST" : asked.head_request ? "HEAD" : "GET";
  H2Fields head = {{":method", method}, {":scheme", "http"}, {":authority", "test"}, {":path", "/" + asked.label.id}};
  for (auto& field : asked.label.fields()) head.push_back(field);
  if (with_body && !asked.label.trailers && one_in(2))
    head.emplace_back("content-length", std::to_string(asked.label.bytes));
  asked.stream = &client.ask(head, !with_body);
  if (one_in(8)) client.hold(*asked.stream, true);
  if (with_body) upload(asked, asked.label.content());
}

void Storm::ask_h1(Peer& client) {
  bool busy = std::ranges::any_of(asked_, [&](const Asked& asked) { return asked.h1 == &client && !asked.over; });
  if (client.transport() == nullptr || client.ended() || busy) return;
  Asked& asked = asked_.emplace_back(Asked{.label = new_label(), .h1 = &client});
  bool with_body = one_in(2);
  if (!with_body) asked.label.bytes = 0;
  asked.label.trailers &= with_body;
  asked.head_request = !with_body && one_in(6);
  std::string text = fmt::format("{} /{} HTTP/1.1\r\nhost: test\r\n",
                                 with_body            ? "POST"
                                 : asked.head_request ? "HEAD"
                                                      : "GET",
                                 asked.label.id);
  for (const auto& [name, value] : asked.label.fields()) text += fmt::format("{}: {}\r\n", name, value);
  if (with_body) {
    text += asked.label.trailers ? "transfer-encoding: chunked\r\n"
                                 : fmt::format("content-length: {}\r\n", asked.label.bytes);
  }
  client.send(text + "\r\n");
  if (with_body) upload(asked, asked.label.content());
}

// In pieces, the last one with the end.
void Storm::upload(Asked& asked, std::string body) {
  jobs_.push_back([this, &asked, body = std::move(body), at = size_t{0}]() mutable {
    if (asked.over || asked.given_up) return false;
    size_t bytes = one_in(3) ? body.size() - at : random_.below(body.size() - at + 1);
    std::string piece = body.substr(at, bytes);
    at += bytes;
    bool last = at == body.size();
    if (asked.h2 != nullptr) {
      bool trailers = last && asked.label.trailers;
      asked.h2->send(*asked.stream, piece, last && !trailers);
      if (trailers) asked.h2->send_trailers(*asked.stream, asked.label.trailer_fields());
      return !last;
    }
    if (!asked.label.trailers) {
      asked.h1->send(piece);
      return !last;
    }
    std::string text = piece.empty() ? "" : fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    if (last) {
      text += "0\r\n";
      for (const auto& [name, value] : asked.label.trailer_fields()) text += fmt::format("{}: {}\r\n", name, value);
      text += "\r\n";
    }
    asked.h1->send(text);
    return !last;
  });
}

void Storm::clients_act() {
  if (asked_.empty() || !one_in(3)) return;
  Asked& asked = asked_[random_.below(asked_.size())];
  if (asked.over) return;
  uint64_t what = random_.below(12);
  if (asked.h1 != nullptr) {
    if (what != 0) return;
    asked.given_up = true;
    return asked.h1->close(one_in(2));
  }
  if (what == 0) return asked.h2->close(one_in(2));
  if (what == 1) return asked.h2->ping();
  if (what == 2) return asked.h2->settings(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, any_of<uint32_t>({1000, 65535}));
  if (what == 3 && one_in(4)) return asked.h2->goaway(0, NGHTTP2_NO_ERROR);
  if (what < 6) return asked.h2->hold(*asked.stream, !asked.stream->held);
  if (what > 7) return;
  asked.given_up = true;
  asked.h2->reset(*asked.stream, some_code());
  ++seen["given up"];
}

// A client of HTTP/1 has one request at a time, and takes its answer off the connection when it is whole.
void Storm::harvest() {
  for (Asked& asked : asked_) {
    if (asked.over) continue;
    if (asked.h2 != nullptr) {
      asked.over = asked.stream->closed || asked.h2->ended() || asked.h2->gone();
      continue;
    }
    std::string& text = asked.h1->received;
    while (text.starts_with("HTTP/1.1 1") && text.find("\r\n\r\n") != std::string::npos)
      text.erase(0, text.find("\r\n\r\n") + 4);
    Reply answer = parse_reply(text);
    if (asked.head_request && answer.status != 0) {
      answer = {.status = answer.status, .head = answer.head, .complete = true, .bytes = text.find("\r\n\r\n") + 4};
    }
    asked.answer = answer;
    asked.over = answer.complete || asked.h1->ended() || asked.h1->transport() == nullptr;
    if (answer.complete) text.erase(0, answer.bytes);
    if (answer.complete && answer.field("connection") == "close") asked.h1->close();
  }
}

// ---- network, operator ---------------------------------------------------------------------------------------------

void Storm::network_acts() {
  if (!one_in(10) || network->connections() == 0) return;
  size_t link = random_.below(network->connections());
  if (one_in(4)) return network->reset(link);
  auto direction = one_in(2) ? Direction::kToServer : Direction::kToClient;
  network->stall(link, direction, true);
  jobs_.push_back([this, link, direction] {
    network->stall(link, direction, false);
    return false;
  });
}

void Storm::operator_acts() {
  if (drains_ || !one_in(60)) return;
  uint64_t what = random_.below(4);
  if (what == 0) {
    drains_ = true;
    ++seen["drain"];
    return worker->drain(loop->now() + from_ms(static_cast<int64_t>(random_.below(10'000))),
                         [this] { drained_ = true; });
  }
  if (what == 1) {
    settle(); // who connects now is still met as before
    http2 = !http2;
    ++seen["other protocol"];
    return apply();
  }
  std::vector<std::string> hosts = {"10.0.0.1"};
  if (one_in(2)) hosts.push_back("10.0.0.2");
  if (one_in(3)) hosts.erase(hosts.begin());
  ++seen["other endpoints"];
  move(hosts);
}

// ---- origins -------------------------------------------------------------------------------------------------------

void Storm::origins_act() {
  if (h2_origins.empty() || !one_in(8)) return;
  H2Peer& peer = *h2_origins[random_.below(h2_origins.size())];
  switch (random_.below(7)) {
  case 0: return peer.close(one_in(2));
  case 1: return peer.ping();
  case 2: return peer.settings(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, any_of<uint32_t>({0, 1, 5, 1000}));
  case 3: return peer.settings(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, any_of<uint32_t>({0, 1000, 65535}));
  case 4: {
    int32_t last = peer.streams.empty() ? 0 : peer.streams.rbegin()->first;
    ++seen["goaway"];
    return peer.goaway(std::max(0, last - 2 * static_cast<int32_t>(random_.below(3))), some_code());
  }
  default: // another speed for somebody's upload
    for (auto& [id, stream] : peer.streams) {
      if (!stream->closed && one_in(2)) peer.hold(*stream, !stream->held);
    }
  }
}

bool Storm::its_turn(Serving& serving, bool whole) {
  return (whole || serving.early) && !std::exchange(serving.begun, true);
}

void Storm::on_h1_request(Peer& peer, const Request& request) {
  auto [entry, fresh] = serving_.try_emplace(&peer);
  if (fresh) {
    entry->second.served = {.h1 = &peer, .head_request = request.method == "HEAD", .sized = one_in(2)};
    entry->second.early = one_in(6);
  }
  bool turn = its_turn(entry->second, request.complete);
  Served served = entry->second.served;
  if (request.complete) {
    serving_.erase(entry);
    auto field = [&](std::string_view name) { return request.field(name); };
    auto trailer = [&](std::string_view name) { return request.trailer(name); };
    wrong_ += wrong_with(request.path.substr(1), field, request.body, trailer, true);
  }
  if (turn) serve(served, request.field("x-id"));
}

void Storm::on_h2_request(H2Peer& peer, H2Stream& stream) {
  auto [entry, fresh] = serving_.try_emplace(&stream);
  if (fresh) {
    bool head_request = value_of(stream.head, ":method") == "HEAD";
    entry->second.served = {.h2 = &peer, .stream = &stream, .head_request = head_request, .sized = one_in(2)};
    entry->second.early = one_in(6);
  }
  if (its_turn(entry->second, stream.ended)) serve(entry->second.served, value_of(stream.head, "x-id"));
}

void Storm::serve(Served served, const std::string& id) {
  Label answer{.id = id};
  answer.salt = random_.next() >> 1;
  answer.bytes = some_bytes();
  answer.trailers = !served.sized && !served.head_request && one_in(3);
  uint64_t what = random_.below(16);
  if (one_in(6)) served.inform();
  switch (what) {
  case 0:
    if (!patient_) return; // never
    break;
  case 1: return served.close(one_in(2));
  case 2: return served.reset(some_code());
  case 3: return served.reset(NGHTTP2_REFUSED_STREAM);
  case 4: // as far as that
    served.head(200, answer);
    return pay(served, answer, random_.below(answer.bytes + 1), some_code());
  case 5:
    if (served.h2 != nullptr) served.h2->goaway(served.stream->id, NGHTTP2_NO_ERROR);
    break;
  case 6:
  case 7: {
    int status = any_of<int>({404, 409, 500, 502, 503});
    served.head(status, answer);
    return pay(served, answer, answer.bytes, std::nullopt);
  }
  default: break;
  }
  served.head(200, answer);
  pay(served, answer, answer.bytes, std::nullopt);
}

// In pieces. `cut`: then a reset with that code, or the end of the connection.
void Storm::pay(const Served& served, const Label& answer, size_t bytes, std::optional<uint32_t> cut) {
  jobs_.push_back([this, served, answer, cut, body = answer.content().substr(0, bytes), at = size_t{0}]() mutable {
    size_t piece = one_in(3) ? body.size() - at : random_.below(body.size() - at + 1);
    served.data(std::string_view(body).substr(at, piece));
    at += piece;
    if (at < body.size()) return true;
    if (!cut) {
      served.finish(answer);
    } else if (one_in(2)) {
      served.reset(*cut);
    } else {
      served.close(one_in(2));
    }
    return false;
  });
}

// ---- what has to hold ----------------------------------------------------------------------------------------------

std::string Storm::what_is_wrong() {
  std::string wrong = wrong_ + wrong_requests() + wrong_answers() + wrong_records() + at_rest();
  if (drains_ && !drained_) wrong += "the drain has no end\n";
  for (auto* side : {&h2_clients, &h2_origins}) {
    for (auto& peer : *side) {
      wrong += peer->violation;
      if (peer->ended() || peer->gone()) continue;
      for (auto& [id, stream] : peer->streams) {
        if (stream->closed) continue;
        wrong += fmt::format("stream {} of {} is open at {}\n", id, value_of(stream->head, ":path"),
                             side == &h2_clients ? "its client" : "its origin");
      }
    }
  }
  return wrong + left_over();
}

std::string Storm::wrong_requests() {
  std::string wrong;
  for (const auto& peer : h2_origins) {
    for (const auto& [number, stream] : peer->streams) {
      if (!stream->headed) continue;
      std::string id = value_of(stream->head, ":path").substr(1);
      auto field = [&](std::string_view name) { return value_of(stream->head, name); };
      auto trailer = [&](std::string_view name) { return value_of(stream->trailers, name); };
      wrong += wrong_with(id, field, stream->body, trailer, stream->ended);
    }
  }
  return wrong;
}

std::string Storm::wrong_answer(const Asked& asked) {
  bool h2 = asked.h2 != nullptr;
  bool whole = h2 ? asked.stream->ended : asked.answer.complete;
  if (!asked.over && !whole && !asked.given_up)
    return fmt::format("{}: neither answered nor cut, over HTTP/{}\n", asked.label.id, asked.h2 != nullptr ? 2 : 1);
  auto field = [&](std::string_view name) {
    return h2 ? value_of(asked.stream->head, name) : asked.answer.field(name);
  };
  auto trailer = [&](std::string_view name) {
    return h2 ? value_of(asked.stream->trailers, name) : asked.answer.trailer(name);
  };
  if ((h2 ? asked.stream->status() : asked.answer.status) == 0) {
    ++seen["no answer"];
    return "";
  }
  if (field("x-id").empty()) {
    ++seen["answer of the worker"];
    return "";
  }
  ++seen[std::string(whole ? "whole" : "cut") + (h2 ? " h2" : " h1")];
  const std::string& body = h2 ? asked.stream->body : asked.answer.body;
  if (asked.head_request && !body.empty()) return asked.label.id + ": a body for HEAD\n";
  return wrong_with(asked.label.id, field, body, trailer, whole && !asked.head_request);
}

std::string Storm::wrong_answers() {
  std::string wrong;
  for (const Asked& asked : asked_) wrong += wrong_answer(asked);
  return wrong;
}

// One record for each request, with the status that its client saw, and each of its attempts has an end.
std::string Storm::wrong_records() {
  std::string wrong;
  std::map<std::string, const Asked*> by_path;
  for (const Asked& asked : asked_) by_path["/" + asked.label.id] = &asked;
  auto records = worker->records(0);
  if (records.size() != listener_stat(&proxy::ListenerStats::downstream_rq_total))
    wrong += fmt::format("{} records\n", records.size());
  for (const auto& record : records) {
    auto found = by_path.find(std::string(record.path()));
    if (found == by_path.end() || found->second == nullptr) {
      wrong += fmt::format("a record too many of {}\n", record.path());
      continue;
    }
    const Asked& asked = *std::exchange(found->second, nullptr);
    int status = asked.h2 != nullptr ? asked.stream->status() : asked.answer.status;
    if (status != 0 && status != record.ledger.status)
      wrong += fmt::format("{}: {} in the record, {} for its client\n", record.path(), record.ledger.status, status);
    for (uint32_t number = 1; number <= record.ledger.attempts; ++number) {
      const exchange::AttemptRecord& attempt = record.ledger.at(number);
      if (attempt.ended == Instant{} || attempt.decision == exchange::Decision::kNone)
        wrong += fmt::format("{}: attempt {} has no end\n", record.path(), number);
    }
  }
  return wrong;
}

// Everybody leaves.
std::string Storm::left_over() {
  for (auto* side : {&h2_clients, &h2_origins}) {
    for (auto& peer : *side) peer->close();
  }
  for (auto* side : {&clients, &origins}) {
    for (auto& peer : *side) peer->close();
  }
  advance(seconds(2)); // a linger
  std::string wrong;
  if (size_t open = network->open_ends(); open != 0) wrong += fmt::format("{} ends of connections are open\n", open);
  if (uint64_t open = runtime->sum(&cluster::Stats::upstream_cx_active); open != 0)
    wrong += fmt::format("{} connections to endpoints are counted\n", open);
  if (uint64_t open = listener_stat(&proxy::ListenerStats::downstream_cx_active); open != 0)
    wrong += fmt::format("{} connections of clients are counted\n", open);
  return wrong;
}

} // namespace kgw::test
