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

Decision decision_of_refusal(std::string_view reason) {
  struct Row {
    std::string_view reason;
    Decision decision;
  };
  static constexpr Row kRows[] = {
      {"http1.headers_too_large", Decision::kLimitRequestHeadBytes},
      {"http1.too_many_headers", Decision::kLimitRequestHeaderCount},
      {"http1.request_line_too_long", Decision::kLimitRequestLineBytes},
      {"http1.chunk_line_too_long", Decision::kLimitChunkLineBytes},
      {"http1.chunk_overhead", Decision::kLimitChunkLineBytes},
      {"request_header_timeout", Decision::kLimitRequestHeadTimeout},
  };
  for (const Row& row : kRows) {
    if (row.reason == reason) return row.decision;
  }
  return Decision::kClientError;
}

} // namespace kgw::exchange
