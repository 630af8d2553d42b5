#include "base/arena.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace kgw::base {

Arena::~Arena() {
  while (block_ != nullptr) {
    auto* next = block_->next;
    std::free(block_);
    block_ = next;
  }
}

void* Arena::allocate_slow(size_t bytes, size_t align) {
  size_t capacity = std::max(kFirstBlockBytes, bytes + align);
  auto* block = static_cast<Block*>(std::malloc(sizeof(Block) + capacity));
  if (block == nullptr) throw std::bad_alloc();
  block->next = block_;
  block->capacity = capacity;
  block_ = block;
  capacity_ = capacity;
  reserved_ += capacity;
  used_ = bytes;
  return block->bytes(); // malloc's alignment covers 16
}

void Arena::reset() {
  while (block_ != nullptr && block_->next != nullptr) {
    auto* next = block_->next;
    reserved_ -= block_->capacity;
    std::free(block_);
    block_ = next;
  }
  used_ = 0;
  capacity_ = block_ == nullptr ? 0 : block_->capacity;
}

} // namespace kgw::base
