#include "exchange/decision.h"

#include <span>

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

namespace {

struct Row {
  std::string_view reason;
  Decision decision;
};

Decision find(std::span<const Row> rows, std::string_view reason, Decision otherwise) {
  for (const Row& row : rows) {
    if (row.reason == reason) return row.decision;
  }
  return otherwise;
}

} // namespace

Decision decision_of_refusal(std::string_view reason) {
  static constexpr Row kRows[] = {
      {"http1.headers_too_large", Decision::kLimitRequestHeadBytes},
      {"http1.too_many_headers", Decision::kLimitRequestHeaderCount},
      {"http1.request_line_too_long", Decision::kLimitRequestLineBytes},
      {"http1.chunk_line_too_long", Decision::kLimitChunkLineBytes},
      {"http1.chunk_overhead", Decision::kLimitChunkLineBytes},
      {"request_header_timeout", Decision::kLimitRequestHeadTimeout},
  };
  return find(kRows, reason, Decision::kClientError);
}

Decision decision_of_response_fault(std::string_view reason) {
  static constexpr Row kRows[] = {
      {"http1.headers_too_large", Decision::kLimitResponseHeadBytes},
      {"http1.too_many_headers", Decision::kLimitResponseHeaderCount},
      {"http1.too_many_1xx", Decision::kLimitInformationalResponses},
      {"http1.chunk_line_too_long", Decision::kLimitChunkLineBytes},
      {"http1.chunk_overhead", Decision::kLimitChunkLineBytes},
  };
  return find(kRows, reason, Decision::kNone);
}

} // namespace kgw::exchange
