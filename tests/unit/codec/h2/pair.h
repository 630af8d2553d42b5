#pragma once
// Our client and our server, the bytes of one cut and handed to the other, and what each was told.

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/arena.h"
#include "base/random.h"
#include "codec/h2/h2.h"
#include "http/forwarding.h"
#include "http/method.h"

namespace kgw::codec::h2::test {

// What one side was told of one message.
struct Message {
  std::string head, body, trailers, informs, end; // end: "end", "reset N", "refused STATUS REASON"
  bool operator==(const Message&) const = default;
};

inline std::string text_of(const http::Head& head) {
  std::string text = head.status != 0
                         ? std::to_string(head.status)
                         : std::string(head.method) + " " + std::string(head.authority) + " " + std::string(head.path);
  for (const http::Field& field : head.all()) {
    if (!field.removed()) text += "; " + std::string(field.name_view()) + "=" + std::string(field.value_view());
  }
  return text;
}

inline void note(Message& message, const Event& event) {
  switch (event.kind) {
  case EventKind::kHead: message.head = text_of(*event.head); break;
  case EventKind::kInform: message.informs += text_of(*event.head) + "|"; break;
  case EventKind::kData: message.body.append(event.data.data(), event.data.size()); break;
  case EventKind::kTrailers: message.trailers = text_of(*event.head); break;
  case EventKind::kReset: message.end = "reset " + std::to_string(static_cast<int>(event.reset)); return;
  case EventKind::kRefused: message.end = "refused " + std::to_string(event.status) + " " + event.reason; return;
  default: break;
  }
  if (event.end || event.kind == EventKind::kTrailers || event.kind == EventKind::kEnd) message.end = "end";
}

struct Arenas final : ArenaSource {
  base::Arena& request_arena(StreamId) override { return *all.emplace_back(std::make_unique<base::Arena>()); }
  std::vector<std::unique_ptr<base::Arena>> all;
};

struct Pair {
  explicit Pair(uint64_t seed = 0, const HeadLimits& heads = {}, const StreamLimits& streams = {})
      : random(seed), whole(seed == 0), server(make_server_codec(arenas, heads, streams)),
        client(make_client_codec(heads, streams)) {}

  StreamId ask(http::Head head, bool end) {
    auto& message = asked.emplace_back(std::make_unique<Message>());
    return client->write_request(head, {}, end, message.get(), up);
  }
  http::Head request(std::string_view method, std::string_view path = "/") {
    return {.method = method,
            .scheme = "http",
            .authority = "a.example",
            .path = path,
            .method_id = http::method_of(method)};
  }
  // Moves bytes both ways until both sides are quiet.
  void settle() {
    for (bool moved = true; moved;) {
      moved = pump(*client, up, *server, [&](const Event& event) { on_server(event); });
      moved |=
          pump(*server, down, *client, [&](const Event& event) { note(*static_cast<Message*>(event.user), event); });
    }
  }
  void on_server(const Event& event) {
    if (event.kind == EventKind::kBad || event.kind == EventKind::kOver) {
      ended = event.kind == EventKind::kOver ? "over" : event.reason;
      return;
    }
    auto& message = served[event.stream];
    note(message, event);
    if (event.user == nullptr) server->bind(event.stream, &message);
  }

  template <typename To, typename Tell> bool pump(Codec& from, base::OutBuffer& bytes, To& to, Tell tell) {
    if (from.wants_write()) from.write(bytes);
    bool moved = !bytes.empty();
    std::vector<char> text(bytes.bytes().begin(), bytes.bytes().end());
    bytes.clear();
    for (size_t at = 0; at < text.size() || at == 0;) {
      size_t size = whole ? text.size() : std::min<size_t>(text.size() - at, 1 + random.below(40));
      // A copy of its own: whoever keeps what it was lent is found out by a sanitizer.
      std::vector<char> piece(text.begin() + static_cast<long>(at), text.begin() + static_cast<long>(at + size));
      std::span<char> in(piece);
      Event event;
      while (to.next(in, event) != EventKind::kNeedMore) {
        if (event.kind == EventKind::kBad || event.kind == EventKind::kOver) {
          if constexpr (std::is_same_v<To, ServerCodec>) tell(event);
          if (event.kind == EventKind::kBad) break;
          continue;
        }
        tell(event);
      }
      at += std::max<size_t>(size, 1);
    }
    return moved;
  }

  base::Random random;
  bool whole;
  Arenas arenas;
  std::unique_ptr<ServerCodec> server;
  std::unique_ptr<ClientCodec> client;
  base::OutBuffer up, down;
  std::vector<std::unique_ptr<Message>> asked;
  std::map<StreamId, Message> served;
  std::string ended;
};

inline std::span<const char> bytes_of(std::string_view text) { return {text.data(), text.size()}; }

} // namespace kgw::codec::h2::test
