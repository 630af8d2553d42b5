#include <algorithm>

#include "http/forwarding.h"

namespace kgw::http {
namespace {

Field& next_field(Head& head, base::Arena& arena) {
  if (head.count == head.capacity) {
    KGW_ASSERT(head.count < UINT16_MAX / 2);
    auto capacity = static_cast<uint16_t>(std::max(16, head.capacity * 2));
    auto* grown = arena.array<Field>(capacity);
    std::copy_n(head.fields, head.count, grown);
    head.fields = grown;
    head.capacity = capacity;
  }
  return head.fields[head.count++];
}

void append(Head& head, base::Arena& arena, std::string_view name, Token token, std::string_view value) {
  uint8_t flags = (tokens_with(kSecret) & token_bit(token)) != 0 ? kNeverLog : 0;
  next_field(head, arena) = {
      name.data(), value.data(), static_cast<uint32_t>(value.size()), static_cast<uint16_t>(name.size()), token, flags};
  if (token != Token::kOther) head.present |= token_bit(token);
}

} // namespace

void add_field(Head& head, base::Arena& arena, Token token, std::string_view value) {
  append(head, arena, token_name(token), token, value);
}
void add_field(Head& head, base::Arena& arena, std::string_view lower_case_name, std::string_view value) {
  append(head, arena, lower_case_name, token_of(lower_case_name), value);
}
void set_field(Head& head, base::Arena& arena, Token token, std::string_view value) {
  head.remove(token);
  add_field(head, arena, token, value);
}
void set_field(Head& head, base::Arena& arena, std::string_view lower_case_name, std::string_view value) {
  head.remove(lower_case_name);
  add_field(head, arena, lower_case_name, value);
}

} // namespace kgw::http
