#include "exchange/decision.h"

namespace kgw::exchange {

std::string_view decision_code(Decision decision) {
  static constexpr std::string_view kCodes[] = {
#define KGW_DECISION(id, code, sentence) code,
#include "exchange/decision.def"
#undef KGW_DECISION
  };
  return kCodes[static_cast<int>(decision)];
}

std::string_view decision_sentence(Decision decision) {
  static constexpr std::string_view kSentences[] = {
#define KGW_DECISION(id, code, sentence) sentence,
#include "exchange/decision.def"
#undef KGW_DECISION
  };
  return kSentences[static_cast<int>(decision)];
}

} // namespace kgw::exchange
