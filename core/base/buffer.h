#pragma once
// Bytes on their way: OutBuffer is what encoders append to, ByteQueue what waits for a socket, ChunkPool where queues
// get their memory. All belong to one worker.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace kgw::base {

// Contiguous, append only, keeps its memory between uses. Encoders write messages here; one send takes them out.
class OutBuffer {
 public:
  explicit OutBuffer(size_t capacity = 0) { reserve(capacity); }
  // Room for `bytes` more; returns where to write. commit() says how many were written.
  char* prepare(size_t bytes) {
    if (size_ + bytes > capacity_) [[unlikely]]
      reserve(size_ + bytes);
    return data_.get() + size_;
  }
  void commit(size_t bytes) { size_ += bytes; }
  void append(std::string_view text) {
    if (text.empty()) return; // its pointer may be null
    std::memcpy(prepare(text.size()), text.data(), text.size());
    size_ += text.size();
  }
  void append(char byte) {
    *prepare(1) = byte;
    ++size_;
  }
  std::span<const char> bytes() const { return {data_.get(), size_}; }
  std::string_view view() const { return {data_.get(), size_}; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }
  void truncate(size_t size) { size_ = size; }
  void erase_front(size_t bytes) {
    if (bytes >= size_) return clear();
    std::memmove(data_.get(), data_.get() + bytes, size_ - bytes);
    size_ -= bytes;
  }
  std::span<char> mutable_bytes() { return {data_.get(), size_}; }
  // Gives the memory back (a stash that is empty again on an idle connection).
  void release() {
    data_.reset();
    size_ = capacity_ = 0;
  }

 private:
  void reserve(size_t capacity);
  std::unique_ptr<char[]> data_;
  size_t size_ = 0, capacity_ = 0;
};

struct Chunk {
  static constexpr uint32_t kBytes = 16384 - 32;
  Chunk* next;
  uint32_t begin, end; // ByteQueue: the unread part
  uint32_t references; // body lists shared by several cursors; non-atomic, one worker
  char data[kBytes];
};

// Freelist of chunks. Keeps at most `keep` free ones.
class ChunkPool {
 public:
  explicit ChunkPool(size_t keep = 64) : keep_(keep) {}
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;
  Chunk* take();
  void give(Chunk* chunk);
  size_t in_use() const { return in_use_; }

 private:
  Chunk* free_ = nullptr;
  size_t keep_, free_count_ = 0, in_use_ = 0;
};

// A first-in first-out run of bytes in chunks.
class ByteQueue {
 public:
  explicit ByteQueue(ChunkPool& pool) : pool_(&pool) {}
  ~ByteQueue() { clear(); }
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;

  void append(std::span<const char> bytes);
  std::span<const char> front() const {
    return first_ == nullptr ? std::span<const char>{}
                             : std::span<const char>{first_->data + first_->begin, first_->data + first_->end};
  }
  void consume(size_t bytes); // at most front().size()
  void clear();
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  ChunkPool* pool_;
  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;
  size_t size_ = 0;
};

} // namespace kgw::base
