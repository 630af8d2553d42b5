#pragma once
// A retry policy as the rules know it, and the words it is written in.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace kgw::retry {

// retry-on tokens as bits. Names are Envoy's.
enum On : uint32_t {
  k5xx = 1 << 0,
  kGatewayError = 1 << 1,
  kReset = 1 << 2,
  kConnectFailure = 1 << 3,
  kRefusedStream = 1 << 4,
  kResetBeforeRequest = 1 << 5,
  kRetriable4xx = 1 << 6,
  kRetriableStatusCodes = 1 << 7,
  kRetriableHeaders = 1 << 8,
  kEnvoyRatelimited = 1 << 9,
  kHttp3PostConnectFailure = 1 << 10,
  kGrpcCancelled = 1 << 11,
  kGrpcDeadlineExceeded = 1 << 12,
  kGrpcResourceExhausted = 1 << 13,
  kGrpcInternal = 1 << 14,
  kGrpcUnavailable = 1 << 15,
};

// Tokens this build acts on; the others load with a warning.
inline constexpr uint32_t kGrpc =
    kGrpcCancelled | kGrpcDeadlineExceeded | kGrpcResourceExhausted | kGrpcInternal | kGrpcUnavailable;
inline constexpr uint32_t kBuilt = k5xx | kGatewayError | kReset | kConnectFailure | kRefusedStream |
                                   kResetBeforeRequest | kRetriable4xx | kRetriableStatusCodes | kRetriableHeaders |
                                   kEnvoyRatelimited | kGrpc;

struct Token {
  std::string_view name;
  uint32_t bit;
};
// All known tokens, in the order of the list above.
const std::vector<Token>& tokens();

struct ParsedOn {
  uint32_t on = 0;
  std::vector<std::string> unknown; // items that are no token, as written
};
// Comma list; blanks around items trimmed, empty items skipped, case-sensitive, unknown items ignored (and reported).
ParsedOn parse_retry_on(std::string_view text);

// A response field that says how long to wait.
struct ResetHeader {
  enum class Format : uint8_t { kSeconds, kUnixTimestamp };
  std::string name; // lower case
  Format format = Format::kSeconds;
  bool operator==(const ResetHeader&) const = default;
};

// How the wait before a retry is drawn from its interval: from all of it, as Envoy; or never less than it, and up to
// half more, as the minimum of an HTTPRoute's retry.backoff asks.
enum class Jitter : uint8_t { kFull, kAboveMinimum };
// What ends the per-try clock: the head of the response, as Envoy; or its last byte, as an HTTPRoute's backendRequest
// asks.
enum class PerTryUntil : uint8_t { kHeaders, kComplete };

// A field by name, and by value if it has one. Names lower case.
struct FieldMatch {
  std::string name;
  std::optional<std::string> value;
  bool operator==(const FieldMatch&) const = default;
};

// A comma list of `name` or `name=value`, blanks around trimmed; a name may be one of the pseudo fields :status,
// :method, :path and :authority. Fails with kInvalid for any other that is no field name.
base::Result<std::vector<FieldMatch>> parse_field_matches(std::string_view text);

struct Policy {
  uint32_t on = 0;            // 0: nothing is retried and no body is kept
  uint32_t retries = 1;       // after the first attempt
  Duration per_try_timeout{}; // 0: none
  Duration base_interval = std::chrono::milliseconds(25);
  Duration max_interval{};                         // 0: ten times the base
  Duration per_try_idle{};                         // silence of the attempt after which it has failed; 0: none
  std::vector<uint16_t> status_codes;              // need kRetriableStatusCodes
  std::vector<FieldMatch> headers;                 // of the response, any of them; need kRetriableHeaders
  std::vector<FieldMatch> request_headers;         // where there are some, a request with none of them is not retried
  std::vector<ResetHeader> reset_headers;          // in order; the first usable one gives the wait before the retry
  Duration reset_most = std::chrono::seconds(300); // a header that asks for more is passed over
  bool hedge = false;                              // a per-try timeout starts another attempt beside the slow one
  bool previous_hosts = false;                     // a retry avoids endpoints that were tried
  uint32_t host_attempts = 1;                      // picks after the first to find another one
  bool exclude_tried_hosts = false;                // a retry takes an endpoint that was not tried while there is one
  bool retry_after = false;                        // behind reset_headers, `retry-after` is read too
  Jitter jitter = Jitter::kFull;
  PerTryUntil per_try_until = PerTryUntil::kHeaders;
  // Whether a response may say how long to wait.
  bool waits_as_told() const { return !reset_headers.empty() || retry_after; }
  bool operator==(const Policy&) const = default;
};

} // namespace kgw::retry
