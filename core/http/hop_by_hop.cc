// RFC 9110 7.6.1: what belongs to one connection does not cross it.

#include "base/text.h"
#include "http/forwarding.h"

namespace kgw::http {
namespace {

constexpr int kMaxNamedFields = 9; // Envoy refuses ten

// Fields that a message cannot lose on a client's word: framing, routing, identity.
bool needed(std::string_view name) {
  constexpr std::string_view kForwarded = "x-forwarded-";
  return name[0] == ':' || base::equal_ignore_case(name, "host") || base::equal_ignore_case(name, "content-length") ||
         base::equal_ignore_case(name, "transfer-encoding") || base::equal_ignore_case(name, "x-request-id") ||
         base::equal_ignore_case(name.substr(0, kForwarded.size()), kForwarded);
}

void remove_named(Head& head, std::string_view name) {
  for (Field& field : head.all()) {
    if (field.removed() || !base::equal_ignore_case(field.name_view(), name)) continue;
    if (field.token == Token::kOther) {
      field.flags |= kRemoved;
    } else if (field.token != Token::kTe) { // its one forwardable value is looked for later
      return head.remove(field.token);
    }
  }
}

bool remove_named_fields(Head& head) {
  int named = 0;
  for (const Field& field : head.all()) {
    if (field.token != Token::kConnection || field.removed()) continue;
    bool good = base::each_element(field.value_view(), [&](std::string_view name) {
      if (++named > kMaxNamedFields || needed(name)) return false;
      if (!base::equal_ignore_case(name, "connection")) remove_named(head, name);
      return true;
    });
    if (!good) return false;
  }
  return true;
}

// RFC 9110 10.1.4: of TE only the member "trailers" says something about the whole chain.
void keep_te_trailers(Head& head) {
  bool kept = false;
  for (Field& field : head.all()) {
    if (field.token != Token::kTe || field.removed()) continue;
    bool trailers = !base::each_element(field.value_view(),
                                        [](std::string_view e) { return !base::equal_ignore_case(e, "trailers"); });
    if (kept || !trailers) {
      field.flags |= kRemoved;
      continue;
    }
    kept = true;
    field.value = "trailers";
    field.value_len = 8;
    field.flags &= static_cast<uint8_t>(~kLine);
  }
  if (!kept) head.present &= ~token_bit(Token::kTe);
}

} // namespace

base::Result<void> strip_hop_by_hop(Head& head) {
  constexpr uint64_t kHops = tokens_with(kHop);
  if ((head.present & kHops) == 0) return {};
  if (head.has(Token::kConnection) && !remove_named_fields(head)) {
    return base::fail(base::ErrorCode::kInvalid, "connection names a field that the message needs");
  }
  if (head.has(Token::kTe)) keep_te_trailers(head);
  constexpr uint64_t kGone = kHops & ~token_bit(Token::kTe);
  for (Field& field : head.all()) {
    if ((token_bit(field.token) & kGone) != 0) field.flags |= kRemoved;
  }
  head.present &= ~kGone;
  return {};
}

} // namespace kgw::http
