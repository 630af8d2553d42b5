#include "http/forwarding.h"

#include <charconv>

#include "base/text.h"

namespace kgw::http {
namespace {

void remove_all(Head& head, uint64_t tokens) {
  if ((head.present & tokens) == 0) return;
  for (Field& field : head.all()) {
    if ((token_bit(field.token) & tokens) != 0) field.flags |= kRemoved;
  }
  head.present &= ~tokens;
}

// All lines of the client in one, the peer behind them. Without a blank, as Envoy.
std::string_view extend_forwarded_for(const Head& head, base::Arena& arena, std::string_view address) {
  if (!head.has(Token::kXForwardedFor)) return address;
  size_t bytes = address.size();
  for (const Field& field : head.all()) {
    if (field.token == Token::kXForwardedFor && !field.removed()) bytes += field.value_len + 1;
  }
  auto* text = static_cast<char*>(arena.allocate(bytes, 1));
  char* to = text;
  for (const Field& field : head.all()) {
    if (field.token != Token::kXForwardedFor || field.removed()) continue;
    to += field.value_view().copy(to, field.value_len);
    *to++ = ',';
  }
  address.copy(to, address.size());
  return {text, bytes};
}

} // namespace

void shape_request(Head& head, base::Arena& arena, const Peer& peer, std::string_view request_id) {
  constexpr uint64_t kUntrusted = tokens_with(kTrust | kEdge);
  bool internal = peer.internal && !head.has(Token::kXForwardedFor);
  std::string_view forwarded_for = extend_forwarded_for(head, arena, peer.forwarded_address);

  uint64_t replaced =
      token_bit(Token::kXForwardedFor) | token_bit(Token::kXForwardedProto) | token_bit(Token::kXEnvoyInternal);
  // The peer's own address decides, so every external request is an edge request.
  if (!internal) replaced |= kUntrusted | token_bit(Token::kXRequestId) | token_bit(Token::kXEnvoyExternalAddress);
  remove_all(head, replaced);

  add_field(head, arena, Token::kXForwardedFor, forwarded_for);
  add_field(head, arena, Token::kXForwardedProto, peer.tls ? "https" : "http");
  if (!head.has(Token::kXRequestId)) add_field(head, arena, Token::kXRequestId, request_id);
  if (internal) {
    add_field(head, arena, Token::kXEnvoyInternal, "true");
  } else {
    add_field(head, arena, Token::kXEnvoyExternalAddress, peer.address);
  }
}

bool add_via(Head& head, base::Arena& arena, std::string_view entry) {
  for (const Field& field : head.all()) {
    if (field.token != Token::kVia || field.removed()) continue;
    bool ours = !base::each_element(field.value_view(), [entry](std::string_view element) { return element != entry; });
    if (ours) return false;
  }
  add_field(head, arena, Token::kVia, entry);
  return true;
}

bool count_forward(Head& head, base::Arena& arena) {
  if (head.method_id != MethodId::kTrace && head.method_id != MethodId::kOptions) return true;
  const Field* field = head.find(Token::kMaxForwards);
  if (field == nullptr) return true;
  std::string_view text = field->value_view();
  uint64_t left = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), left);
  if (error != std::errc{} || end != text.data() + text.size()) return true; // not a number: not ours to judge
  if (left == 0) return false;
  auto* shorter = static_cast<char*>(arena.allocate(20, 1));
  set_field(head, arena, Token::kMaxForwards, {shorter, std::to_chars(shorter, shorter + 20, left - 1).ptr});
  return true;
}

} // namespace kgw::http
