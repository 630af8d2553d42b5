#include "base/block_pool.h"

#include <cstring>
#include <gtest/gtest.h>
#include <vector>

namespace kgw::base {
namespace {

TEST(BlockPool, AFreedBlockServesTheNextOfItsSize) {
  BlockPool pool;
  for (size_t bytes : {0u, 1u, 64u, 65u, 128u, 1000u, 2048u}) {
    void* first = pool.take(bytes);
    std::memset(first, 1, bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % alignof(std::max_align_t), 0u);
    pool.give(first);
    EXPECT_EQ(pool.take(bytes), first) << bytes;
    pool.give(first);
  }
}

TEST(BlockPool, LargeBlocksAndMoreThanItKeepsGoBackToMalloc) {
  BlockPool pool;
  pool.give(pool.take(2049));
  EXPECT_EQ(pool.kept_bytes(), 0u);
  std::vector<void*> all;
  for (int i = 0; i < 10'000; ++i) all.push_back(pool.take(100));
  for (void* block : all) pool.give(block);
  EXPECT_EQ(pool.kept_bytes(), 128u * 1024);
  pool.give(nullptr);
}

TEST(BlockPool, AGrownBlockKeepsItsBytes) {
  BlockPool pool;
  auto* block = static_cast<char*>(pool.resize(nullptr, 10));
  std::memcpy(block, "0123456789", 10);
  for (size_t bytes : {20u, 64u, 65u, 500u, 2048u, 2049u, 100'000u, 5000u}) {
    block = static_cast<char*>(pool.resize(block, bytes));
    EXPECT_EQ(std::string_view(block, 10), "0123456789") << bytes;
    std::memset(block + 10, 7, bytes - 10);
  }
  pool.give(block);
}

TEST(BlockPool, WhatCannotBeHadIsNull) {
  BlockPool pool;
  EXPECT_EQ(pool.take(SIZE_MAX - 4), nullptr);
  void* block = pool.take(5000);
  EXPECT_EQ(pool.resize(block, SIZE_MAX - 4), nullptr);
  pool.give(block);
}

} // namespace
} // namespace kgw::base
