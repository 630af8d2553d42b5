#include "base/buffer.h"

#include <string>

#include <gtest/gtest.h>

#include "base/random.h"

namespace kgw::base {
namespace {

std::span<const char> bytes_of(const std::string& text) { return {text.data(), text.size()}; }

TEST(OutBuffer, AppendsGrowsAndKeepsItsMemory) {
  OutBuffer buffer(4);
  buffer.append("hello");
  buffer.append(' ');
  std::string long_text(1000, 'x');
  buffer.append(long_text);
  EXPECT_EQ(buffer.view(), "hello " + long_text);
  const char* before = buffer.view().data();
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
  buffer.append("again");
  EXPECT_EQ(buffer.view().data(), before);
}

TEST(OutBuffer, ErasesTruncatesAndReleases) {
  OutBuffer buffer;
  buffer.append("abcdef");
  buffer.erase_front(2);
  EXPECT_EQ(buffer.view(), "cdef");
  buffer.truncate(1);
  EXPECT_EQ(buffer.view(), "c");
  buffer.erase_front(5);
  EXPECT_TRUE(buffer.empty());
  buffer.release();
  buffer.append("z");
  EXPECT_EQ(buffer.view(), "z");
}

TEST(ByteQueue, GivesBackWhatWentInWhateverTheCuts) {
  Random random(5);
  ChunkPool pool(2);
  std::string in, out;
  {
    ByteQueue queue(pool);
    for (int i = 0; i < 400; ++i) {
      std::string piece(random.below(5000), static_cast<char>('a' + i % 26));
      in += piece;
      queue.append(bytes_of(piece));
      for (uint64_t n = random.below(3); n > 0 && !queue.empty(); --n) {
        auto front = queue.front().first(1 + random.below(queue.front().size()));
        out.append(front.data(), front.size());
        queue.consume(front.size());
      }
      ASSERT_EQ(queue.size(), in.size() - out.size());
    }
    while (!queue.empty()) {
      out.append(queue.front().data(), queue.front().size());
      queue.consume(queue.front().size());
    }
    EXPECT_EQ(in, out);
    EXPECT_TRUE(queue.front().empty());
    queue.append(bytes_of(in));
    EXPECT_GT(pool.in_use(), 0u);
  }
  EXPECT_EQ(pool.in_use(), 0u);
}

} // namespace
} // namespace kgw::base
