#pragma once
// A property that must hold for every input. A broken one ends the process, which is how a fuzz target says "found".

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace kgw::fuzz {

inline void require(bool holds, const char* what, const char* file, int line) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what);
  std::abort();
}

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

} // namespace kgw::fuzz

#define REQUIRE(property) ::kgw::fuzz::require((property), #property, __FILE__, __LINE__)
