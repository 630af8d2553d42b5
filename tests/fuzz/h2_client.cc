// The client side of an HTTP/2 connection with a request, an upgrade and a CONNECT under way: whatever an origin sends,
// it ends each message at most once, and tells nothing of one that has ended.

#include "fuzz/h2_drive.h"

namespace {

using namespace kgw;
using namespace kgw::codec;

struct Watch {
  h2::test::Message message;
  bool over = false;
};

void ask_three(const fuzz::Pieces& pieces) {
  base::OutBuffer requests;
  auto codec = h2::make_client_codec({.head_bytes = 4096, .field_count = 20, .informational_responses = 2}, {});
  Watch watches[3];
  http::Head upgrade = fuzz::request_with("GET");
  upgrade.upgrade = "websocket";
  http::Head heads[3] = {fuzz::request_with("GET"), upgrade, fuzz::request_with("CONNECT")};
  for (int i = 0; i < 3; ++i) codec->write_request(heads[i], {}, true, &watches[i], requests);
  fuzz::each_event(*codec, pieces, [&](EventKind kind, const Event& event, base::OutBuffer&) {
    auto& watch = *static_cast<Watch*>(event.user);
    REQUIRE(!watch.over);
    bool began = !watch.message.head.empty();
    REQUIRE(kind != EventKind::kInform || !began);
    REQUIRE(kind != EventKind::kHead || !began);
    REQUIRE(kind != EventKind::kData || began);
    h2::test::note(watch.message, event);
    watch.over = !watch.message.end.empty();
    if (watch.over) codec->bind(event.stream, nullptr);
  });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  ask_three({text});
  ask_three(fuzz::pieces_of(text));
  return 0;
}
