#include "base/block_pool.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace kgw::base {

BlockPool::~BlockPool() {
  for (Header* header : free_) {
    while (header != nullptr) std::free(std::exchange(header, header->next));
  }
}

void* BlockPool::take(size_t bytes) {
  size_t index = std::bit_width((std::max(bytes, kLeast) - 1) / kLeast);
  Header* header = index < kClasses ? free_[index] : nullptr;
  if (header != nullptr) {
    free_[index] = header->next;
    --kept_[index];
    return header + 1;
  }
  size_t room = index < kClasses ? size_of(index) : bytes;
  header = room > SIZE_MAX - sizeof(Header) ? nullptr : static_cast<Header*>(std::malloc(sizeof(Header) + room));
  if (header == nullptr) return nullptr;
  header->of = std::min(index, kClasses);
  ++fetched_;
  return header + 1;
}

void BlockPool::give(void* block) {
  if (block == nullptr) return;
  Header& header = header_of(block);
  if (header.of == kClasses || kept_[header.of] * size_of(header.of) >= kMostKept) return std::free(&header);
  header.next = free_[header.of];
  free_[header.of] = &header;
  ++kept_[header.of];
}

void* BlockPool::resize(void* block, size_t bytes) {
  if (block == nullptr) return take(bytes);
  Header& header = header_of(block);
  if (header.of < kClasses && bytes <= size_of(header.of)) return block;
  if (header.of == kClasses) {
    if (bytes > SIZE_MAX - sizeof(Header)) return nullptr;
    auto* grown = static_cast<Header*>(std::realloc(&header, sizeof(Header) + bytes));
    return grown == nullptr ? nullptr : grown + 1;
  }
  void* larger = take(bytes);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, size_of(header.of));
  give(block);
  return larger;
}

size_t BlockPool::kept_bytes() const {
  size_t bytes = 0;
  for (size_t index = 0; index < kClasses; ++index) bytes += kept_[index] * size_of(index);
  return bytes;
}

} // namespace kgw::base
