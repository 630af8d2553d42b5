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

// The codecs of both protocols have the same words for the same limit.
Decision find(std::span<const Row> rows, std::string_view reason, Decision otherwise) {
  for (std::string_view protocol : {"http1.", "http2."}) {
    if (reason.starts_with(protocol)) reason.remove_prefix(protocol.size());
  }
  for (const Row& row : rows) {
    if (row.reason == reason) return row.decision;
  }
  return otherwise;
}

} // namespace

Decision decision_of_refusal(std::string_view reason) {
  static constexpr Row kRows[] = {
      {"headers_too_large", Decision::kLimitRequestHeadBytes},
      {"too_many_headers", Decision::kLimitRequestHeaderCount},
      {"request_line_too_long", Decision::kLimitRequestLineBytes},
      {"chunk_line_too_long", Decision::kLimitChunkLineBytes},
      {"chunk_overhead", Decision::kLimitChunkLineBytes},
      {"request_header_timeout", Decision::kLimitRequestHeadTimeout},
  };
  return find(kRows, reason, Decision::kClientError);
}

Decision decision_of_response_fault(std::string_view reason) {
  static constexpr Row kRows[] = {
      {"headers_too_large", Decision::kLimitResponseHeadBytes},
      {"too_many_headers", Decision::kLimitResponseHeaderCount},
      {"too_many_1xx", Decision::kLimitInformationalResponses},
      {"no_extended_connect", Decision::kNoExtendedConnect},
      {"chunk_line_too_long", Decision::kLimitChunkLineBytes},
      {"chunk_overhead", Decision::kLimitChunkLineBytes},
  };
  return find(kRows, reason, Decision::kNone);
}

} // namespace kgw::exchange
