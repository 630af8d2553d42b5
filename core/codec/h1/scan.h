#pragma once
// What a byte may be, and finding the first that may not.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace kgw::codec::h1 {

static_assert(std::endian::native == std::endian::little, "the scans below look for the lowest flagged byte of a word");

// RFC 9110 5.6.2: a token's byte as lower case, 0 for every other byte.
inline constexpr auto kLowerToken = [] {
  std::array<unsigned char, 256> table{};
  for (char c : std::string_view("!#$%&'*+-.^_`|~0123456789"))
    table[static_cast<unsigned char>(c)] = static_cast<unsigned char>(c);
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = c;
  return table;
}();
inline bool is_token_byte(char c) { return kLowerToken[static_cast<unsigned char>(c)] != 0; }

namespace detail {
inline constexpr uint64_t kOnes = 0x0101010101010101u;
inline constexpr uint64_t kTops = 0x8080808080808080u;

// The top bit of each byte below `bound`, or equal to DEL. Only the lowest set bit is exact, and it is the one looked
// at.
inline uint64_t flag_below(uint64_t word, unsigned bound) {
  uint64_t del = word ^ (kOnes * 0x7f);
  return (((word - kOnes * bound) & ~word) | ((del - kOnes) & ~del)) & kTops;
}

// First byte in [at, end) below `bound` or DEL; `end` if none.
template <unsigned bound> const char* find_below(const char* at, const char* end) {
  for (; end - at >= 8; at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    if (uint64_t flags = flag_below(word, bound); flags != 0) return at + (std::countr_zero(flags) >> 3);
  }
  while (at < end && static_cast<unsigned char>(*at) >= bound && *at != 0x7f) ++at;
  return at;
}
} // namespace detail

// First control byte, CR and LF included, that is not HTAB (RFC 9110 5.5).
inline const char* find_control(const char* at, const char* end) {
  at = detail::find_below<0x20>(at, end);
  while (at < end && *at == '\t') at = detail::find_below<0x20>(at + 1, end);
  return at;
}

// First blank or control byte.
inline const char* find_blank(const char* at, const char* end) { return detail::find_below<0x21>(at, end); }

} // namespace kgw::codec::h1
