#include "http/token.h"

#include <array>

namespace kgw::http {
namespace {

constexpr size_t kTokens = static_cast<size_t>(Token::kCount);

constexpr std::array<std::string_view, kTokens> kNames = {
    std::string_view{},
#define KGW_TOKEN(id, name, properties) std::string_view{name},
#include "http/tokens.def"
#undef KGW_TOKEN
};

constexpr std::array<uint8_t, kTokens> kProperties = {
    0,
#define KGW_TOKEN(id, name, properties) properties,
#include "http/tokens.def"
#undef KGW_TOKEN
};

// The length and three letters tell all names of the table apart; a multiplier spreads them over 256 slots. The
// compiler looks for one without collisions, so a new row of the table needs no thought.
constexpr uint32_t slot_of(std::string_view name, uint32_t multiplier) {
  size_t length = name.size();
  auto letter = [name](size_t at) { return static_cast<uint32_t>(static_cast<unsigned char>(name[at])); };
  uint32_t key =
      static_cast<uint32_t>(length) | letter(length / 2) << 8 | letter(length * 3 / 4) << 16 | letter(length - 1) << 24;
  return (key * multiplier) >> 24;
}

constexpr bool spreads(uint32_t multiplier) {
  std::array<bool, 256> taken{};
  for (size_t i = 1; i < kTokens; ++i) {
    uint32_t slot = slot_of(kNames[i], multiplier);
    if (taken[slot]) return false;
    taken[slot] = true;
  }
  return true;
}

constexpr uint32_t find_multiplier() {
  uint32_t candidate = 0x9e3779b1u;
  while (!spreads(candidate)) candidate = (candidate * 1664525u + 1013904223u) | 1u;
  return candidate;
}

constexpr uint32_t kMultiplier = find_multiplier();

constexpr std::array<Token, 256> kSlots = [] {
  std::array<Token, 256> slots{};
  for (size_t i = 1; i < kTokens; ++i) slots[slot_of(kNames[i], kMultiplier)] = static_cast<Token>(i);
  return slots;
}();

} // namespace

Token token_of(std::string_view lower_case_name) {
  if (lower_case_name.empty()) return Token::kOther;
  Token candidate = kSlots[slot_of(lower_case_name, kMultiplier)];
  return kNames[static_cast<size_t>(candidate)] == lower_case_name ? candidate : Token::kOther;
}

std::string_view token_name(Token token) { return kNames[static_cast<size_t>(token)]; }
uint8_t token_properties(Token token) { return kProperties[static_cast<size_t>(token)]; }

} // namespace kgw::http
