#pragma once

#include <cstdint>
#include <string_view>

namespace kgw::exchange {

enum class Decision : uint8_t {
#define KGW_DECISION(id, code, sentence) id,
#include "exchange/decision.def"
#undef KGW_DECISION
};

std::string_view decision_code(Decision decision);
std::string_view decision_sentence(Decision decision);

} // namespace kgw::exchange
