// What has to hold when all is over.
#include "worker/storm.h"

#include <fmt/format.h>

namespace kgw::test {

using base::seconds;

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
    if (record.path().empty() && record.ledger.status == 408) continue; // a head of which the rest was lost
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
