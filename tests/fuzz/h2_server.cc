// The server side of an HTTP/2 connection: whatever a client sends, whole and in pieces, the same is told, and every
// request that is told could be written as an HTTP/1 head.

#include "codec/h1/h1.h"
#include "fuzz/h2_drive.h"

namespace kgw::fuzz {
namespace {

struct Told2 {
  std::map<StreamId, h2::test::Message> messages;
  std::string ended;
};

void check_head(const http::Head& head) {
  base::OutBuffer out;
  h1::test::Arenas arenas;
  h1::make_client_codec({})->write_request(head, {}, true, nullptr, out);
  auto strict = h1::make_server_codec(arenas, {.head_bytes = 1 << 20, .line_bytes = 1 << 20, .field_count = 1000});
  std::span<char> in = out.mutable_bytes();
  Event event;
  EventKind kind = strict->next(in, event);
  REQUIRE(kind == EventKind::kHead);
}

Told2 serve2(const Pieces& pieces) {
  Told2 told;
  h2::test::Arenas arenas;
  auto codec = h2::make_server_codec(arenas, {.head_bytes = 4096, .field_count = 20},
                                     {.concurrent_streams = 8, .resets = 5, .extended_connect = true});
  told.ended = each_event(*codec, pieces, [&](EventKind kind, const Event& event, base::OutBuffer& out) {
    auto& message = told.messages[event.stream];
    h2::test::note(message, event);
    bool head = kind == EventKind::kHead, tunnel = head && event.head->asks_for_tunnel();
    if (head && http::strip_hop_by_hop(*event.head)) check_head(*event.head);
    if (event.user == nullptr) codec->bind(event.stream, &message);
    if (tunnel) {
      message.end.clear(); // what comes behind the head is the tunnel's
      http::Head opens{.status = static_cast<uint16_t>(event.head->upgrade.empty() ? 200 : 101)};
      return codec->write_head(event.stream, opens, false, out);
    }
    if (message.end == "end") codec->write_head(event.stream, {.status = 204}, true, out);
    if (!message.end.empty()) codec->bind(event.stream, nullptr);
  });
  return told;
}

} // namespace
} // namespace kgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kgw::fuzz;
  std::string text(kgw::codec::h2::kPreface);
  text.append(reinterpret_cast<const char*>(data), size);
  Told2 whole = serve2({text}), cut = serve2(pieces_of(text));
  for (auto& [id, message] : whole.messages) {
    auto found = cut.messages.find(id);
    bool same = found != cut.messages.end() && found->second.head == message.head;
    REQUIRE(same || !whole.ended.empty() || !cut.ended.empty());
  }
  return 0;
}
