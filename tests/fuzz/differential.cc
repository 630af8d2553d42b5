// The codec against the grammar (grammar.h says what is held). First byte Q: requests, one behind the other; else a
// response, by its letter to HEAD, CONNECT or GET.

#include "fuzz/drive.h"
#include "fuzz/grammar.h"

using namespace kgw::fuzz;

namespace {

std::string fields_text(const Fields& fields, bool with_host = true) {
  std::string text;
  for (const auto& [name, value] : fields) {
    if (with_host || name != "host") text += name + "=" + value + ";";
  }
  return text;
}

std::string head_text(const Message& message) {
  if (message.status != 0) return std::to_string(message.status) + "|" + fields_text(message.fields);
  TargetParts parts;
  read_target(message.target, message.method, parts);
  for (const auto& [name, value] : message.fields) {
    if (name == "host" && parts.authority.empty()) parts.authority = value;
  }
  return message.method + "|" + parts.authority + "|" + parts.path + "|" + fields_text(message.fields, false);
}

// Some trailers are dropped, none is made up.
void require_trailers(const Told& told, const Message& message) {
  for (std::string_view left : told.trailers) {
    for (const auto& [name, value] : message.trailers) {
      std::string one = name + "=" + value + ";";
      if (left.starts_with(one)) left.remove_prefix(one.size());
    }
    REQUIRE(left.empty());
  }
}

void require_same(const Told& told, Verdict verdict, const Message& message) {
  if (told.ends == 0) {
    REQUIRE(told.bad != 0 || verdict != Verdict::kComplete);
    return;
  }
  REQUIRE(verdict == Verdict::kComplete);
  REQUIRE(told.heads.size() == 1 && told.heads[0] == head_text(message));
  REQUIRE(told.informs.size() == message.interim.size());
  for (size_t i = 0; i < told.informs.size(); ++i)
    REQUIRE(told.informs[i] == std::to_string(message.interim[i].first) + "|" + fields_text(message.interim[i].second));
  REQUIRE(told.body == message.body);
  require_trailers(told, message);
}

// The first request of the text; `bytes` is what it takes.
Told first_request(std::string_view text, size_t& bytes) {
  h1::test::Arenas arenas;
  auto codec = h1::make_server_codec(arenas, {.accept_http_1_0 = true});
  Told told;
  h1::test::Input input;
  input.add(text);
  for (Event event; told.ends == 0 && told.bad == 0;) {
    EventKind kind = codec->next(input.left(), event);
    if (kind == EventKind::kNeedMore) break;
    h1::test::note(told, kind, event);
  }
  bytes = text.size() - input.left().size();
  return told;
}

void requests(std::string_view text) {
  while (!text.empty()) {
    size_t bytes = 0;
    Told told = first_request(text, bytes);
    Message message;
    require_same(told, read_request(text, message), message);
    if (told.ends == 0) return;
    REQUIRE(bytes == message.bytes);
    text.remove_prefix(bytes);
  }
}

void response(std::string_view text, std::string_view method) {
  Told told = ask({text}, method);
  Message message;
  Verdict verdict = read_response(text, method, message);
  // Behind a 2xx to CONNECT all bytes are the tunnel's (RFC 9110 9.3.6).
  bool tunnel = method == "CONNECT" && verdict == Verdict::kComplete && message.status / 100 == 2;
  if (tunnel && told.ends > 0) {
    REQUIRE(told.bad == 0 && told.body == text.substr(message.bytes));
    return;
  }
  require_same(told, verdict, message);
  // Bytes behind the response are told as an error, never as a part of it.
  if (told.ends > 0) REQUIRE((told.bad != 0) == (message.bytes < text.size()));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view text = text_of(data + 1, size - 1);
  if (data[0] == 'Q') {
    requests(text);
  } else {
    response(text, method_by(static_cast<char>(data[0])));
  }
  return 0;
}
