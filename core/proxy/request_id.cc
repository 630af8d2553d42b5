#include "proxy/request_id.h"

namespace kgw::proxy {

std::string_view make_request_id(base::Random& random, base::Arena& arena) {
  static constexpr char kHex[] = "0123456789abcdef";
  static constexpr int kLength = 36;
  uint64_t words[2] = {random.next(), random.next()};
  words[0] = (words[0] & ~uint64_t{0xf000}) | 0x4000;                 // version 4
  words[1] = (words[1] & ~(uint64_t{3} << 62)) | (uint64_t{1} << 63); // variant 10
  auto* text = static_cast<char*>(arena.allocate(kLength, 1));
  char* to = text;
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) *to++ = '-';
    *to++ = kHex[(words[nibble / 16] >> (60 - 4 * (nibble % 16))) & 15];
  }
  return {text, kLength};
}

} // namespace kgw::proxy
