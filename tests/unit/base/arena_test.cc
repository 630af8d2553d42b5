#include "base/arena.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace kgw::base {
namespace {

TEST(Arena, AlignsAndSeparates) {
  Arena arena;
  auto* byte = static_cast<char*>(arena.allocate(1, 1));
  auto* number = arena.array<uint64_t>(3);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(number) % alignof(uint64_t), 0u);
  EXPECT_GT(reinterpret_cast<char*>(number), byte);
  EXPECT_EQ(arena.copy("text"), "text");
  EXPECT_EQ(arena.copy("").size(), 0u);
}

TEST(Arena, ServesWhatDoesNotFitItsFirstBlock) {
  Arena arena;
  std::string_view first = arena.copy("kept");
  auto* large = static_cast<char*>(arena.allocate(3 * Arena::kFirstBlockBytes));
  std::memset(large, 1, 3 * Arena::kFirstBlockBytes);
  EXPECT_EQ(first, "kept");
}

TEST(Arena, ResetReusesTheFirstBlock) {
  Arena arena;
  void* first = arena.allocate(16);
  size_t reserved = arena.reserved_bytes();
  (void)arena.allocate(2 * Arena::kFirstBlockBytes);
  arena.reset();
  EXPECT_EQ(arena.reserved_bytes(), reserved);
  EXPECT_EQ(arena.allocate(16), first);
}

TEST(Arena, TheUnusedTailOfTheLastAllocationComesBack) {
  Arena arena;
  auto* asked = arena.array<char>(100);
  arena.shrink_last(asked + 10);
  EXPECT_EQ(arena.allocate(1, 1), asked + 10);
}

} // namespace
} // namespace kgw::base
