#pragma once
// Facts about well-known field names, from one table (tokens.def).

#include <cstdint>
#include <string_view>

namespace kgw::http {

enum class Token : uint8_t {
  kOther,
#define KGW_TOKEN(id, name, properties) id,
#include "http/tokens.def"
#undef KGW_TOKEN
  kCount
};
static_assert(static_cast<int>(Token::kCount) <= 64);

enum TokenProperty : uint8_t {
  kHop = 1 << 0,
  kTrust = 1 << 1,
  kEdge = 1 << 2,
  kNoTrailer = 1 << 3,
  kSecret = 1 << 4,
};

constexpr uint64_t token_bit(Token token) { return uint64_t{1} << static_cast<unsigned>(token); }

// The token of a lower-case name. One length switch or hash, at most one comparison; no allocation.
Token token_of(std::string_view lower_case_name);
std::string_view token_name(Token token);
uint8_t token_properties(Token token);
// All tokens that have any of these properties, as bits for Head::present.
constexpr uint64_t tokens_with(uint8_t properties) {
  uint64_t bits = 0;
#define KGW_TOKEN(id, name, of_token) bits |= ((of_token) & properties) != 0 ? token_bit(Token::id) : 0;
#include "http/tokens.def"
#undef KGW_TOKEN
  return bits;
}

} // namespace kgw::http
