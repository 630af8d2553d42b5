#include "proxy/body.h"

#include <algorithm>
#include <cstring>

namespace kgw::proxy {

void Body::append(std::span<const char> bytes) {
  end_ += bytes.size();
  while (!bytes.empty()) {
    if (last_ == nullptr || last_->end == base::Chunk::kBytes) {
      base::Chunk* chunk = pool_->take();
      (last_ == nullptr ? first_ : last_->next) = chunk;
      last_ = chunk;
    }
    size_t n = std::min<size_t>(bytes.size(), base::Chunk::kBytes - last_->end);
    std::memcpy(last_->data + last_->end, bytes.data(), n);
    last_->end += static_cast<uint32_t>(n);
    bytes = bytes.subspan(n);
  }
}

std::span<const char> Body::peek(Cursor& cursor) const {
  if (cursor.position == end_) return {};
  if (cursor.chunk == nullptr) { // nothing before the cursor is left, so it stands at the first byte
    cursor.chunk = first_;
    cursor.offset = 0;
  } else if (cursor.offset == cursor.chunk->end) {
    cursor.chunk = cursor.chunk->next;
    cursor.offset = 0;
  }
  return {cursor.chunk->data + cursor.offset, cursor.chunk->data + cursor.chunk->end};
}

void Body::advance(Cursor& cursor, size_t bytes) {
  cursor.offset += static_cast<uint32_t>(bytes);
  cursor.position += bytes;
}

void Body::release_before(const Cursor& cursor) {
  if (keep_) return;
  while (first_ != nullptr && first_ != cursor.chunk && begin_ + first_->end <= cursor.position) {
    base::Chunk* next = first_->next;
    begin_ += first_->end;
    pool_->give(first_);
    first_ = next;
  }
  if (first_ == nullptr) last_ = nullptr;
}

void Body::clear() {
  while (first_ != nullptr) {
    base::Chunk* next = first_->next;
    pool_->give(first_);
    first_ = next;
  }
  last_ = nullptr;
  begin_ = end_ = 0;
  keep_ = false;
}

} // namespace kgw::proxy
