#pragma once
// A head from rows of text, and back.

#include <string>
#include <utility>
#include <vector>

#include "http/forwarding.h"

namespace kgw::http::test {

using Rows = std::vector<std::pair<const char*, const char*>>;

inline Head make_head(base::Arena& arena, const Rows& rows) {
  Head head;
  for (auto [name, value] : rows) add_field(head, arena, name, value);
  return head;
}

inline std::string text_of(const Head& head) {
  std::string text;
  for (const Field& field : head.all()) {
    if (!field.removed()) text.append(field.name_view()).append("=").append(field.value_view()).append(";");
  }
  return text;
}

// Every bit of `present` has a live field and the other way round.
inline bool present_is_true(const Head& head) {
  uint64_t bits = 0;
  for (const Field& field : head.all()) {
    if (!field.removed() && field.token != Token::kOther) bits |= token_bit(field.token);
  }
  return bits == head.present;
}

} // namespace kgw::http::test
