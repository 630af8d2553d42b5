// The bound of the queue between a worker and the log's writer.
#include <thread>

#include <gtest/gtest.h>

#include "telemetry/access_log_queue.h"
#include "unit/telemetry/records.h"

namespace kgw::telemetry {
namespace {

class AccessLogQueueTest : public testing::Test {
 protected:
  void push(AccessLogQueue& queue, std::string path = "/") {
    Finished finished;
    finished.path = std::move(path);
    queue.push(finished.record());
  }

  Bell bell{*Bell::open()};
  std::vector<std::string> no_headers;
};

TEST_F(AccessLogQueueTest, HoldsItsLimitAndDropsTheNextOne) {
  AccessLogQueue queue(3, no_headers, bell);
  for (int i = 0; i < 3; ++i) push(queue, "/" + std::to_string(i));
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_EQ(queue.dropped(), 0u);
  push(queue, "/3");
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_EQ(queue.dropped(), 1u);
  EXPECT_EQ(queue.front().path(), "/0"); // the new one went, not an old one
  queue.pop();
  push(queue, "/4");
  EXPECT_EQ(queue.dropped(), 1u);
  for (const char* path : {"/1", "/2", "/4"}) {
    EXPECT_EQ(queue.front().path(), path);
    queue.pop();
  }
  EXPECT_TRUE(queue.empty());
}

TEST_F(AccessLogQueueTest, HoldsOneAtLeast) {
  AccessLogQueue queue(0, no_headers, bell); // a worker's share of fewer records than workers
  push(queue);
  EXPECT_EQ(queue.size(), 1u);
  push(queue);
  EXPECT_EQ(queue.dropped(), 1u);
}

TEST_F(AccessLogQueueTest, KeepsTheHeadersThatWereAskedFor) {
  std::vector<std::string> names = {"x-long", "user-agent", "x-none"};
  AccessLogQueue queue(2, names, bell);
  std::string value(AccessLogQueue::kHeaderBytes + 1, 'v');
  http::Field fields[] = {
      {"user-agent", "first", 5, 10, http::Token::kOther, 0},
      {"user-agent", "second", 6, 10, http::Token::kOther, 0},
      {"x-none", "gone", 4, 6, http::Token::kOther, http::kRemoved},
      {"x-long", value.data(), static_cast<uint32_t>(value.size()), 6, http::Token::kOther, 0},
  };
  Finished finished;
  finished.head.fields = fields;
  finished.head.count = 4;
  queue.push(finished.record());
  queue.push(Finished().record());
  std::vector<LoggedHeader> headers;
  queue.front_headers(headers);
  ASSERT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers[0].name, "x-long");
  EXPECT_EQ(headers[0].value, value.substr(1)); // cut at the bound
  EXPECT_EQ(headers[1].name, "user-agent");
  EXPECT_EQ(headers[1].value, "first");
  queue.pop();
  queue.front_headers(headers);
  EXPECT_TRUE(headers.empty());
}

// Under TSan too: every record is taken or counted, in order.
TEST_F(AccessLogQueueTest, TwoThreads) {
  constexpr int kRecords = 20000;
  AccessLogQueue queue(16, no_headers, bell);
  std::atomic<bool> ended = false;
  std::thread worker([&] {
    for (int i = 0; i < kRecords; ++i) push(queue, std::to_string(i));
    ended = true;
  });
  uint64_t taken = 0;
  int last = -1;
  while (true) {
    bool over = ended;
    if (queue.empty()) {
      if (over) break;
      std::this_thread::yield();
      continue;
    }
    int number = std::stoi(std::string(queue.front().path()));
    ASSERT_GT(number, last);
    last = number;
    queue.pop();
    ++taken;
  }
  worker.join();
  EXPECT_EQ(taken + queue.dropped(), static_cast<uint64_t>(kRecords));
}

TEST(Bell, WakesASleeperAtOnceAndANapperOnlyInHaste) {
  Bell bell(*Bell::open());
  bell.doze(false);
  bell.ring(false);
  bell.wait(10'000); // hangs when it was not rung
  bell.doze(true);
  bell.ring(false);
  bell.wait(0);
  bell.doze(true);
  bell.ring(true);
  bell.wait(10'000);
}

} // namespace
} // namespace kgw::telemetry
