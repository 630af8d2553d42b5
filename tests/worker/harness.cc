#include "worker/harness.h"

#include <charconv>

#include <fmt/format.h>

namespace kgw::test {
namespace {

constexpr gateway::PortId kPort = 1;
const net::Address kListener = *net::parse_address("10.0.0.100", 80);

// The worker owns its network; the test's outlives it.
class Borrowed final : public net::Network {
 public:
  explicit Borrowed(MemoryNetwork& network) : network_(network) {}
  std::unique_ptr<net::Transport> connect(const net::Address& to, net::TransportHandler& handler) override {
    return network_.connect(to, handler);
  }

 private:
  MemoryNetwork& network_;
};

std::string value_of(std::string_view head, std::string_view name) {
  auto at = head.find("\r\n" + std::string(name) + ": ");
  if (at == std::string_view::npos) return "";
  at += name.size() + 4;
  return std::string(head.substr(at, head.find("\r\n", at) - at));
}

} // namespace

void Peer::on_readable() {
  if (transport_ == nullptr) return;
  char space[4096];
  auto result = transport_->read(space);
  if (result.kind == net::IoResult::Kind::kAgain) return;
  if (result.kind == net::IoResult::Kind::kBytes) {
    received.append(space, result.bytes);
    if (on_bytes) on_bytes(*this);
    return;
  }
  eof_ |= result.kind == net::IoResult::Kind::kEof;
  error_ |= result.kind == net::IoResult::Kind::kError;
  transport_->pause_reading();
}

void Peer::on_writable() {
  if (transport_ == nullptr || unsent_.empty()) return;
  auto result = transport_->write({unsent_.data(), unsent_.size()});
  if (result.kind == net::IoResult::Kind::kError) unsent_.clear();
  if (result.kind == net::IoResult::Kind::kBytes) unsent_.erase(0, result.bytes);
  transport_->want_write(!unsent_.empty());
}

std::string Reply::field(std::string_view name) const { return value_of(head, name); }
std::string Reply::trailer(std::string_view name) const { return value_of(trailers, name); }

namespace {

// False: the head is not there.
bool take_head(std::string_view text, Reply& message) {
  auto end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  message.head = text.substr(0, end + 2);
  message.bytes = end + 4;
  return true;
}

void take_chunks(std::string_view rest, Reply& message) {
  while (true) {
    auto line = rest.find("\r\n");
    if (line == std::string_view::npos) return;
    size_t bytes = 0;
    std::from_chars(rest.data(), rest.data() + line, bytes, 16);
    if (bytes == 0) {
      auto end = rest.find("\r\n\r\n"); // that of the trailers, or of the chunk's line itself
      if (end == std::string_view::npos) return;
      message.trailers = end == line ? "" : rest.substr(line, end + 2 - line);
      message.bytes += end + 4;
      message.complete = true;
      return;
    }
    if (rest.size() < line + 2 + bytes + 2) return;
    message.body += rest.substr(line + 2, bytes);
    rest.remove_prefix(line + 2 + bytes + 2);
    message.bytes += line + 2 + bytes + 2;
  }
}

void take_body(std::string_view text, Reply& message) {
  std::string_view rest = text.substr(message.bytes);
  std::string length = message.field("content-length");
  if (length.empty()) return take_chunks(rest, message);
  auto bytes = static_cast<size_t>(std::stoul(length));
  message.body = rest.substr(0, bytes);
  message.complete = rest.size() >= bytes;
  message.bytes += message.body.size();
}

} // namespace

Reply parse_reply(std::string_view text) {
  Reply answer;
  if (!text.starts_with("HTTP/1.1 ") || !take_head(text, answer)) return answer;
  std::from_chars(text.data() + 9, text.data() + 12, answer.status);
  take_body(text, answer);
  return answer;
}

Request parse_request(std::string_view text) {
  Request request;
  if (!take_head(text, request)) return request;
  request.method = request.head.substr(0, request.head.find(' '));
  request.path = request.head.substr(request.method.size() + 1);
  request.path.resize(request.path.find(' '));
  request.complete = request.field("content-length").empty() && request.field("transfer-encoding").empty();
  if (!request.complete) take_body(text, request);
  return request;
}

Harness::Harness(uint64_t seed, std::string_view trusted) {
  proxy::Identity identity{"192.0.2.1", "1.1 test"};
  if (!trusted.empty()) identity.internal.push_back(*net::parse_cidr(trusted));
  auto made = std::move(*net::Loop::make(net::Loop::Clock::kVirtual));
  loop = made.get();
  network = std::make_unique<MemoryNetwork>(*loop);
  worker =
      std::make_unique<gateway::Worker>(0, std::move(made), std::make_unique<Borrowed>(*network), seed, identity, 64);
  action.kind = snapshot::ActionKind::kForward;
  action.rule = "test/route/0";
  action.backends = {{1, 0}};
  origin = [](Peer& peer, const std::string& head) {
    std::string path = head.substr(4, head.find(' ', 4) - 4);
    peer.send(fmt::format("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", path.size(), path));
  };
  h2_origin = [](H2Peer& peer, H2Stream& stream) {
    if (stream.ended) peer.answer(stream, 200, value_of(stream.head, ":path"));
  };
}

Harness::~Harness() {
  for (auto& client : clients) client->close();
  for (auto& peer : origins) peer->close();
  for (auto& client : h2_clients) client->close();
  for (auto& peer : h2_origins) peer->close();
  loop->settle();
  worker->cut();
  loop->settle();
  clients.clear();
  origins.clear();
  h2_clients.clear();
  h2_origins.clear();
  worker.reset();
}

void Harness::start() {
  counters = std::make_shared<proxy::ListenerCounters>("test/gateway/http", 1);
  worker->add_port(kPort);
  apply();
  network->listen(kListener,
                  [this](std::unique_ptr<net::Transport> transport) { worker->accept(kPort, std::move(transport)); });
}

void Harness::apply() {
  snapshot::Spec spec;
  route::RuleSpec rule{.name = action.rule, .hostnames = {""}, .matches = {{}}, .route_key = "test/route"};
  spec.listeners.push_back({.address = "10.0.0.100",
                            .port = 80,
                            .routes = {.name = "test/gateway/http", .rules = {rule}},
                            .settings = listener});
  spec.actions.push_back(action);
  gateway::Update update{.counters = {{counters}}};
  update.ports.push_back({kPort, 0, std::nullopt});
  if (with_cluster_) {
    spec.clusters.push_back({.id = {"Service", "test", "origin", 80},
                             .name = "test_origin_80",
                             .http2 = http2,
                             .h2_stream_window_bytes = h2_stream_window_bytes,
                             .h2_connection_window_bytes = h2_connection_window_bytes,
                             .settings = cluster,
                             .policy = policy});
  }
  auto snapshot = *snapshot::compile(std::move(spec), registry_, 1);
  for (const snapshot::Cluster& compiled : snapshot->clusters) {
    runtime = compiled.runtime;
    runtime->set_limits(snapshot::limits_of(cluster));
    runtime->set_policy(policy);
    update.endpoints.push_back(admit(endpoints));
    update.tls.push_back(nullptr);
  }
  update.snapshot = std::move(snapshot);
  worker->apply(std::move(update));
}

void Harness::remove_cluster() {
  with_cluster_ = false;
  action.kind = snapshot::ActionKind::kDirect;
  apply();
  registry_.forget(snapshot::identity_of({"Service", "test", "origin", 80}));
}

void Harness::move(const std::vector<std::string>& hosts) {
  endpoints = hosts;
  worker->set_endpoints(runtime.get(), *admit(hosts));
}

std::shared_ptr<const cluster::EndpointSet> Harness::admit(const std::vector<std::string>& hosts) {
  cluster::EndpointSet set;
  for (const std::string& host : hosts) {
    auto address = *net::parse_address(host, 80);
    cluster::Endpoint endpoint{.port = 80, .text = address.text()};
    std::copy(std::begin(address.bytes), std::end(address.bytes), std::begin(endpoint.ip));
    set.push_back(endpoint);
    network->listen(address, [this](std::unique_ptr<net::Transport> transport) {
      http2 ? accept_h2_origin(std::move(transport)) : accept_origin(std::move(transport));
    });
  }
  return runtime->admit(std::move(set));
}

void Harness::accept_origin(std::unique_ptr<net::Transport> transport) {
  origins.push_back(std::make_unique<Peer>());
  origins.back()->on_bytes = [this, told = false](Peer& peer) mutable {
    while (whole_origin) {
      Request request = parse_request(peer.received);
      bool news = !request.head.empty() && (!told || request.complete);
      told = !request.complete && (told || news);
      if (request.complete) peer.received.erase(0, request.bytes);
      if (news) whole_origin(peer, request);
      if (!request.complete) return; // else the next one may be there, behind an early answer
    }
    // Bodies are not looked at: the script speaks when the head is there.
    auto end = peer.received.find("\r\n\r\n");
    if (end == std::string::npos) return;
    std::string head = peer.received.substr(0, end + 4);
    peer.received.erase(0, end + 4);
    origin(peer, head);
  };
  origins.back()->adopt(std::move(transport));
}

void Harness::accept_h2_origin(std::unique_ptr<net::Transport> transport) {
  H2Peer& peer = *h2_origins.emplace_back(std::make_unique<H2Peer>(H2Peer::Side::kOrigin, h2_options));
  peer.on_message = [this](H2Peer& at, H2Stream& stream) { h2_origin(at, stream); };
  peer.adopt(std::move(transport), true);
}

H2Peer& Harness::connect_h2_client(const H2Options& options) {
  H2Peer& client = *h2_clients.emplace_back(std::make_unique<H2Peer>(H2Peer::Side::kClient, options));
  client.adopt(network->connect(kListener, client), false);
  settle();
  return client;
}

Peer& Harness::connect_client() {
  clients.push_back(std::make_unique<Peer>());
  Peer& client = *clients.back();
  client.adopt(network->connect(kListener, client));
  settle();
  return client;
}

std::string Harness::at_rest() {
  using proxy::ListenerStats;
  std::string wrong;
  auto check = [&](const char* what, uint64_t is, uint64_t should) {
    if (is != should) wrong += fmt::format("{}: {}, not {}\n", what, is, should);
  };
  check("I1 requests = completed + aborted",
        listener_stat(&ListenerStats::downstream_rq_completed) + listener_stat(&ListenerStats::downstream_rq_aborted),
        listener_stat(&ListenerStats::downstream_rq_total));
  check("I2 retries in flight", runtime->retries_in_flight(), 0);
  check("I6 live exchanges", worker->context().live_exchanges(), 0);
  check("I6 requests active", listener_stat(&ListenerStats::downstream_rq_active), 0);
  check("I6 streams active", runtime->sum(&cluster::Stats::upstream_rq_active), 0);
  check("I6 streams waiting", runtime->sum(&cluster::Stats::upstream_rq_pending_active), 0);
  check("I6 chunks in use", worker->chunks_in_use(), 0);
  return wrong;
}

} // namespace kgw::test
