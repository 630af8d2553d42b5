// What origins do by chance, with requests and unasked.
#include "worker/storm.h"

#include <algorithm>

#include <fmt/format.h>

namespace kgw::test {

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

} // namespace kgw::test
