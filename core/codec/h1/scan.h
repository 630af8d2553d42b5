#pragma once
// What a byte may be, and finding the first that may not: 16 bytes at a time where SSE2 is there, else 8 or a table.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

#ifdef __SSE2__
inline unsigned mask_below(__m128i bytes, char bound) {
  __m128i below = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(static_cast<char>(bound - 1))), bytes);
  __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(below, del)));
}
#endif

// First byte in [at, end) below `bound` or DEL; `end` if none.
template <unsigned bound> inline const char* find_below(const char* at, const char* end) {
#ifdef __SSE2__
  for (; end - at >= 16; at += 16) {
    unsigned mask = mask_below(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)), bound);
    if (mask != 0) return at + std::countr_zero(mask);
  }
#endif
  for (; end - at >= 8; at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    if (uint64_t flags = flag_below(word, bound); flags != 0) return at + (std::countr_zero(flags) >> 3);
  }
  while (at < end && static_cast<unsigned char>(*at) >= bound && *at != 0x7f) ++at;
  return at;
}

#ifdef __SSE2__
// Lower-cases the run of letters, digits and "-" at `at`, as far as whole 16 bytes are there. Returns where it stopped.
inline char* lower_plain(char* at, const char* end) {
  const __m128i index = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  while (end - at >= 16) {
    auto* place = reinterpret_cast<__m128i*>(at);
    __m128i bytes = _mm_loadu_si128(place);
    __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    __m128i letter =
        _mm_and_si128(_mm_cmpgt_epi8(folded, _mm_set1_epi8('a' - 1)), _mm_cmplt_epi8(folded, _mm_set1_epi8('z' + 1)));
    __m128i digit =
        _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('0' - 1)), _mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1)));
    __m128i dash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
    auto plain = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), dash)));
    int count = std::countr_one(plain);
    __m128i inside = _mm_cmplt_epi8(index, _mm_set1_epi8(static_cast<char>(count)));
    __m128i bit = _mm_and_si128(_mm_and_si128(letter, inside), _mm_set1_epi8(0x20));
    _mm_storeu_si128(place, _mm_or_si128(bytes, bit));
    at += count;
    if (count < 16) break;
  }
  return at;
}
#endif
} // namespace detail

// First control byte, CR and LF included, that is not HTAB (RFC 9110 5.5).
inline const char* find_control(const char* at, const char* end) {
  at = detail::find_below<0x20>(at, end);
  while (at < end && *at == '\t') [[unlikely]]
    at = detail::find_below<0x20>(at + 1, end);
  return at;
}

// First blank or control byte.
inline const char* find_blank(const char* at, const char* end) { return detail::find_below<0x21>(at, end); }

// Lower-cases the token at `at` in place and returns its end. [at, end) has a byte that is in no token. `plain` says
// that the token has nothing but letters, digits and "-"; it may be false without need.
inline char* lower_token(char* at, [[maybe_unused]] const char* end, bool& plain) {
#ifdef __SSE2__
  at = detail::lower_plain(at, end);
  plain = *at == ':';
#else
  plain = false;
#endif
  for (unsigned char c; (c = kLowerToken[static_cast<unsigned char>(*at)]) != 0; ++at) *at = static_cast<char>(c);
  return at;
}

} // namespace kgw::codec::h1
