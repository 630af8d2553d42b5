#pragma once
// Decimal numbers as Envoy reads them in headers: blanks around and one "+" before are taken.

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace kgw::retry {

inline std::optional<uint64_t> parse_unsigned(std::string_view text, uint64_t most) {
  text = base::trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

} // namespace kgw::retry
