#include "proxy/attempts_field.h"

#include <gmock/gmock.h>

namespace kgw::proxy {
namespace {

using base::from_ms;
using exchange::Decision;
using testing::EndsWith;
using testing::Not;

struct Filed {
  base::Arena arena;
  exchange::Ledger ledger;
  Instant now = Instant{} + base::seconds(100);
  Filed() { ledger.open(now); }
  void fail(uint32_t number, Decision decision = Decision::kRetryStatus) {
    exchange::AttemptRecord& attempt = ledger.begin(number, now);
    attempt.has_endpoint = true;
    attempt.ip[0] = 127, attempt.ip[3] = 1;
    attempt.port = 65535;
    attempt.ended = now += from_ms(1250);
    attempt.status = 503;
    attempt.decision = decision;
    attempt.delay = std::chrono::microseconds(12'345);
  }
};

TEST(AttemptsField, SaysWhatBecameOfEach) {
  Filed f;
  f.fail(1);
  exchange::AttemptRecord& second = f.ledger.begin(2, f.now);
  second.has_endpoint = second.v6 = true;
  second.ip[15] = 1;
  second.port = 80;
  second.ended = f.now += from_ms(5);
  second.reset = retry::Reason::kConnectionTermination;
  second.decision = Decision::kRetryReset;
  exchange::AttemptRecord& third = f.ledger.begin(3, f.now);
  third.status = 200;
  third.decision = Decision::kForwarded;
  EXPECT_EQ(attempts_field(f.ledger, f.now + from_ms(2), f.arena),
            R"(1;endpoint="127.0.0.1:65535";status=503;ms=1250.000;decision=retry_status;delay-ms=12.345, )"
            R"(2;endpoint="[::1]:80";reset="connection termination";ms=5.000;decision=retry_reset, )"
            "3;status=200;ms=2.000;decision=forwarded");
}

TEST(AttemptsField, IsBoundedAndSaysWhatIsLeftOut) {
  for (uint32_t attempts = 1; attempts <= 100; ++attempts) {
    Filed f;
    for (uint32_t number = 1; number <= attempts; ++number) f.fail(number, Decision::kLimitResponseHeaderCount);
    std::string text(attempts_field(f.ledger, f.now, f.arena));
    ASSERT_LE(text.size(), kMostAttemptsFieldBytes);
    auto shown = static_cast<uint32_t>(std::count(text.begin(), text.end(), ',') + 1);
    EXPECT_THAT(text, shown < attempts
                          ? testing::Matcher<std::string>(EndsWith(";left-out=" + std::to_string(attempts - shown)))
                          : Not(testing::HasSubstr("left-out")));
    EXPECT_GE(shown, std::min(attempts, 7u));
  }
}

} // namespace
} // namespace kgw::proxy
