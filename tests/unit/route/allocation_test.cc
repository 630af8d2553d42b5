// Table::find touches no heap and does not slow down with the number of hosts.

#pragma GCC diagnostic ignored "-Wmismatched-new-delete" // operator new is replaced, with malloc behind it
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <new>

#include "unit/route/fixture.h"

namespace {
thread_local size_t allocations = 0;
} // namespace

void* operator new(size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(bytes);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace kgw::route::test {
namespace {

std::shared_ptr<const Table> ten_thousand_hosts() {
  std::vector<RuleSpec> rules;
  for (int i = 0; i < 10'000; ++i) {
    rules.push_back(rule("r" + std::to_string(i), {"host-" + std::to_string(i) + ".some.example.com"}, {prefix("/")}));
  }
  rules.push_back(rule("wild", {"*.example.com"}, {regex("/w[a-z]*")}));
  return table(std::move(rules));
}

TEST(Find, AllocatesNothing) {
  auto made = ten_thousand_hosts();
  MatchSpec rich = exact("/p");
  rich.headers = {{"x-a", "1"}};
  rich.query = {{"q", "1"}};
  auto other = table({rule("rich", {"a.b"}, {rich})});
  Ask precise("host-77.some.example.com", "/x"), wild("x.example.com", "/warm"), none("nowhere", "/");
  Ask conditions = Ask("a.b", "/p").query("q=1").header("x-a", "1");
  EXPECT_EQ(made->find(wild.request()).rule->name, "wild"); // the expression's automaton is made at its first use
  Request requests[] = {precise.request(), wild.request(), none.request(), conditions.request()};
  size_t before = allocations;
  bool found =
      made->find(requests[0]) && made->find(requests[1]) && !made->find(requests[2]) && other->find(requests[3]);
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_TRUE(found);
}

TEST(Find, IsFastWithTenThousandHosts) {
  auto made = ten_thousand_hosts();
  Ask ask("host-9999.some.example.com", "/x");
  Request request = ask.request();
  constexpr int kRounds = 100'000;
  size_t hits = 0;
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kRounds; ++i) hits += made->find(request) ? 1 : 0;
  std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(hits, size_t{kRounds});
  RecordProperty("us_per_find", std::to_string(spent.count() / kRounds));
  EXPECT_LT(spent.count() / kRounds, 50) << "a scan over the hosts would take that long even in a debug build";
}

} // namespace
} // namespace kgw::route::test
