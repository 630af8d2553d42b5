// Parse, write for the next hop, parse, write again: both hops read one message, and what we wrote we would write
// again. First byte Q: a request; H: a response to HEAD; else one to GET.

#include "fuzz/drive.h"
#include "http/forwarding.h"

using namespace kgw;
using namespace kgw::fuzz;

namespace {

// What a hop must not change. Framing and TE are written anew, at the end of the head.
struct Hop {
  bool forwarded = false;
  std::string head, body, written;
};

std::string lasting_text(const http::Head& head) {
  std::string text(head.method);
  text.append("|").append(head.authority).append("|").append(head.path).append("|").append(std::to_string(head.status));
  for (const http::Field& field : head.all()) {
    if (field.removed() || field.token == http::Token::kContentLength || field.token == http::Token::kTe) continue;
    text.append("\n").append(field.name_view()).append(": ").append(field.value_view());
  }
  return text + (head.status == 0 && head.has(http::Token::kTe) ? "\nte" : ""); // means nothing in a response
}

// Shapes and notes one event. False: the message is not forwarded.
bool take(EventKind kind, Event& event, Hop& hop) {
  if (kind == EventKind::kNeedMore || kind == EventKind::kBad) return false;
  if (kind == EventKind::kHead || kind == EventKind::kInform) {
    if (!http::strip_hop_by_hop(*event.head)) return false;
    hop.head += lasting_text(*event.head);
  }
  hop.body.append(event.data.data(), event.data.size());
  hop.forwarded = event.end || kind == EventKind::kEnd || kind == EventKind::kTrailers;
  return true;
}

Hop request_hop(std::string_view text, const HeadLimits& limits) {
  h1::test::Arenas arenas;
  auto server = h1::make_server_codec(arenas, limits);
  auto client = h1::make_client_codec({});
  base::OutBuffer out;
  h1::test::Input input;
  input.add(text);
  Hop hop;
  for (Event event; !hop.forwarded;) {
    EventKind kind = server->next(input.left(), event);
    if (!take(kind, event, hop)) return hop;
    // HTTP/1.0 without Host: the next hop gets an empty one, as RFC 9112 3.2 has it, which our server refuses.
    if (kind == EventKind::kHead && event.head->authority.empty()) return {};
    if (kind == EventKind::kHead) {
      client->write_request(*event.head, {}, event.end, nullptr, out);
    } else {
      client->write_data(0, event.data, hop.forwarded, out);
    }
  }
  hop.written = out.view();
  return hop;
}

// A server codec that has read a request.
struct Asked {
  h1::test::Arenas arenas;
  std::unique_ptr<ServerCodec> codec = h1::make_server_codec(arenas, {});
  h1::test::Input input;
  explicit Asked(std::string_view method) {
    input.add(std::string(method) + " / HTTP/1.1\r\nhost: a\r\n\r\n");
    Event event;
    REQUIRE(codec->next(input.left(), event) == EventKind::kHead);
  }
};

Hop response_hop(std::string_view text, std::string_view method, const HeadLimits& limits) {
  auto client = h1::make_client_codec(limits);
  Asked server(method);
  base::OutBuffer request, out;
  client->write_request(request_with(method), {}, true, nullptr, request);
  h1::test::Input input;
  input.add(text);
  Hop hop;
  for (Event event; !hop.forwarded;) {
    EventKind kind = client->next(input.left(), event);
    if (kind == EventKind::kNeedMore) kind = client->closed(event);
    if (!take(kind, event, hop)) return hop;
    if (kind == EventKind::kInform) {
      server.codec->write_inform(0, *event.head, out);
    } else if (kind == EventKind::kHead) {
      server.codec->write_head(0, *event.head, event.end, out);
    } else {
      server.codec->write_data(0, event.data, hop.forwarded, out);
    }
  }
  hop.written = out.view();
  return hop;
}

template <typename Pass> void round_trip(std::string_view text, Pass pass) {
  Hop first = pass(text, HeadLimits{.accept_http_1_0 = true});
  if (!first.forwarded) return;
  // Framing and host may be new fields: a head at our limits is one beyond them at the next hop.
  Hop second = pass(first.written, HeadLimits{.head_bytes = 1 << 20, .field_count = 200});
  REQUIRE(second.forwarded);
  REQUIRE(second.head == first.head);
  REQUIRE(second.body == first.body);
  REQUIRE(second.written == first.written);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view text = text_of(data + 1, size - 1);
  if (data[0] == 'Q') {
    round_trip(text, request_hop);
  } else {
    std::string_view method = data[0] == 'H' ? "HEAD" : "GET";
    round_trip(text, [method](std::string_view received, const HeadLimits& limits) {
      return response_hop(received, method, limits);
    });
  }
  return 0;
}
