#include "base/buffer.h"

#include <algorithm>

namespace kgw::base {

void OutBuffer::reserve(size_t capacity) {
  if (capacity <= capacity_) return;
  capacity = std::max(capacity, capacity_ * 2);
  auto grown = std::make_unique_for_overwrite<char[]>(capacity);
  if (size_ > 0) std::memcpy(grown.get(), data_.get(), size_);
  data_ = std::move(grown);
  capacity_ = capacity;
}

ChunkPool::~ChunkPool() {
  while (free_ != nullptr) {
    auto* next = free_->next;
    delete free_;
    free_ = next;
  }
}

Chunk* ChunkPool::take() {
  ++in_use_;
  Chunk* chunk = free_;
  if (chunk != nullptr) {
    free_ = chunk->next;
    --free_count_;
  } else {
    chunk = new Chunk; // default-initialised: the data stays as it is
  }
  chunk->next = nullptr;
  chunk->begin = chunk->end = 0;
  chunk->references = 1;
  return chunk;
}

void ChunkPool::give(Chunk* chunk) {
  --in_use_;
  if (free_count_ >= keep_) {
    delete chunk;
    return;
  }
  chunk->next = free_;
  free_ = chunk;
  ++free_count_;
}

void ByteQueue::append(std::span<const char> bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    if (last_ == nullptr || last_->end == Chunk::kBytes) {
      Chunk* chunk = pool_->take();
      (last_ == nullptr ? first_ : last_->next) = chunk;
      last_ = chunk;
    }
    size_t n = std::min<size_t>(bytes.size(), Chunk::kBytes - last_->end);
    std::memcpy(last_->data + last_->end, bytes.data(), n);
    last_->end += static_cast<uint32_t>(n);
    bytes = bytes.subspan(n);
  }
}

void ByteQueue::consume(size_t bytes) {
  size_ -= bytes;
  first_->begin += static_cast<uint32_t>(bytes);
  if (first_->begin < first_->end) return;
  Chunk* next = first_->next;
  pool_->give(first_);
  first_ = next;
  if (next == nullptr) last_ = nullptr;
}

void ByteQueue::clear() {
  while (first_ != nullptr) {
    Chunk* next = first_->next;
    pool_->give(first_);
    first_ = next;
  }
  last_ = nullptr;
  size_ = 0;
}

} // namespace kgw::base
