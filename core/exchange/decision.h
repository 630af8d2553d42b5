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
// Of a request whose bytes could not be taken: `reason` is the codec's, such as "http1.headers_too_large".
Decision decision_of_refusal(std::string_view reason);
// The limit that a response broke, as its codec names it; kNone for any other fault.
Decision decision_of_response_fault(std::string_view reason);

} // namespace kgw::exchange
