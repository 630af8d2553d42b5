#include "http/head.h"

namespace kgw::http {

const Field* Head::find(Token token) const {
  if (!has(token)) return nullptr;
  for (const Field& field : all()) {
    if (field.token == token && !field.removed()) return &field;
  }
  return nullptr;
}

const Field* Head::only(Token token) const {
  const Field* found = nullptr;
  if (!has(token)) return found;
  for (const Field& field : all()) {
    if (field.token != token || field.removed()) continue;
    if (found != nullptr) return nullptr;
    found = &field;
  }
  return found;
}

const Field* Head::find(std::string_view name) const {
  for (const Field& field : all()) {
    if (field.name_view() == name && !field.removed()) return &field;
  }
  return nullptr;
}

void Head::remove(Token token) {
  if (!has(token)) return;
  for (Field& field : all()) {
    if (field.token == token) field.flags |= kRemoved;
  }
  present &= ~token_bit(token);
}

void Head::remove(std::string_view name) {
  for (Field& field : all()) {
    if (field.name_view() != name) continue;
    if (field.token != Token::kOther) return remove(field.token);
    field.flags |= kRemoved;
  }
}

} // namespace kgw::http
