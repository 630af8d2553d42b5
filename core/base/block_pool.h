#pragma once
// Memory for small things that come and go with every request: freed blocks are kept for the next. One owner, one
// thread. For a library that asks for its memory through callbacks; what is ours has arenas and freelists.

#include <cstddef>
#include <cstdint>

namespace kgw::base {

class BlockPool {
 public:
  BlockPool() = default;
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // As malloc, free and realloc, alignment included. What the pool gave out goes back to it, in front of its own end.
  void* take(size_t bytes);
  void give(void* block);
  void* resize(void* block, size_t bytes);
  size_t kept_bytes() const;
  uint64_t fetched() const { return fetched_; } // blocks that malloc had to give, since the beginning

 private:
  static constexpr size_t kLeast = 64, kClasses = 6;      // 64, 128 ... 2048 bytes; larger ones are malloc's
  static constexpr size_t kMostKept = size_t{128} * 1024; // of each class
  struct alignas(std::max_align_t) Header {
    Header* next; // while it is kept
    size_t of;    // which class; kClasses: malloc's own
  };
  static Header& header_of(void* block) { return static_cast<Header*>(block)[-1]; }
  static constexpr size_t size_of(size_t index) { return kLeast << index; }

  Header* free_[kClasses] = {};
  size_t kept_[kClasses] = {}; // how many
  uint64_t fetched_ = 0;
};

} // namespace kgw::base
