// Seeds of both protocols on both sides: whatever happens, every request ends once, nobody gets what is not his, and
// nothing is left. KGW_SEEDS is how many, KGW_FIRST_SEED the first.
#include <cstdlib>

#include <gtest/gtest.h>

#include "worker/storm.h"
#include "worker/tape.h"

namespace kgw::test {
namespace {

uint64_t number_of(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(H2Seeds, EveryRequestEndsOnceAndNothingLeaks) {
  uint64_t first = number_of("KGW_FIRST_SEED", 1), count = number_of("KGW_SEEDS", 400);
  std::map<std::string, size_t> seen;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("KGW_FIRST_SEED=" + std::to_string(seed));
    Storm storm(seed);
    Tape tape;
    storm.start();
    tape.record(*storm.worker);
    storm.run();
    ASSERT_EQ(storm.what_is_wrong(), "");
    ASSERT_EQ(tape.replay(), "") << "what the live machines were answered, fresh ones answer again";
    seen["retry"] += tape.retries();
    for (const auto& [what, times] : storm.seen) seen[what] += times;
  }
  if (count < 400) return;
  for (const char* what : {"whole h1", "whole h2", "cut h1", "cut h2", "no answer", "answer of the worker", "given up",
                           "retry", "goaway", "drain", "other protocol", "other endpoints"}) {
    EXPECT_GT(seen[what], count / 20) << what << ": the seeds are for that too";
  }
}

} // namespace
} // namespace kgw::test
