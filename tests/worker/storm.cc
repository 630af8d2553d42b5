#include "worker/storm.h"

#include <algorithm>

#include <fmt/format.h>

namespace kgw::test {

using base::from_ms;
using base::seconds;

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
    cluster.h2_ping_interval_ms = any_of<int64_t>({0, 20, 1000});
    cluster.h2_ping_timeout_ms = any_of<int64_t>({5, 1000});
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
  // Requests that waited, and retries, make new work. The impatient wait longer than all times of silence in a row: of
  // a client that reads nothing, then of a linger.
  for (int i = 0; i < 20; ++i) {
    if (patient_) let_all_go();
    run_jobs(true);
    advance(seconds(patient_ ? 1 : 20));
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

} // namespace kgw::test
