#include "proxy/attempts_field.h"

#include <cstring>
#include <string>

#include <fmt/format.h>

#include "net/address.h"

namespace kgw::proxy {
namespace {

constexpr size_t kRoomForLeftOut = sizeof ";left-out=4294967295";

double in_ms(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

std::string item(const exchange::AttemptRecord& attempt, Instant now) {
  std::string text = std::to_string(attempt.number);
  if (attempt.has_endpoint) {
    net::Address address;
    std::memcpy(address.bytes, attempt.ip, sizeof address.bytes);
    address.port = attempt.port;
    address.v6 = attempt.v6;
    text += fmt::format(";endpoint=\"{}\"", address.text());
  }
  if (attempt.status != 0) text += fmt::format(";status={}", attempt.status);
  if (attempt.reset != retry::Reason::kNone) text += fmt::format(";reset=\"{}\"", retry::facts_of(attempt.reset).name);
  Instant end = attempt.ended == Instant{} ? now : attempt.ended;
  text += fmt::format(";ms={:.3f};decision={}", in_ms(end - attempt.start), exchange::decision_code(attempt.decision));
  if (attempt.delay != base::kNone) text += fmt::format(";delay-ms={:.3f}", in_ms(attempt.delay));
  return text;
}

} // namespace

std::string_view attempts_field(const exchange::Ledger& ledger, Instant now, base::Arena& arena) {
  std::string text;
  uint32_t shown = 0;
  for (uint32_t number = 1; number <= ledger.attempts; ++number) {
    if (!ledger.kept(number)) continue;
    std::string next = item(ledger.at(number), now);
    if (text.size() + next.size() + 2 + kRoomForLeftOut > kMostAttemptsFieldBytes) break;
    text += (text.empty() ? "" : ", ") + next;
    ++shown;
  }
  if (shown < ledger.attempts) text += fmt::format(";left-out={}", ledger.attempts - shown);
  return arena.copy(text);
}

} // namespace kgw::proxy
