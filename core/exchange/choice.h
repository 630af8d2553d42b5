#pragma once

#include <cstdint>
#include <string_view>

namespace kgw::exchange {

enum class Choice : uint8_t {
#define KGW_CHOICE(id, code) id,
#include "exchange/choice.def"
#undef KGW_CHOICE
};

inline std::string_view choice_code(Choice choice) {
  static constexpr std::string_view kCodes[] = {
#define KGW_CHOICE(id, code) code,
#include "exchange/choice.def"
#undef KGW_CHOICE
  };
  return kCodes[static_cast<int>(choice)];
}

} // namespace kgw::exchange
