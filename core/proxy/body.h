#pragma once
// A request body on its way to attempts: one run of chunks, kept from the start while a replay is possible, otherwise
// only until the attempt has taken it.

#include <cstdint>
#include <span>

#include "base/buffer.h"

namespace kgw::proxy {

class Body {
 public:
  explicit Body(base::ChunkPool& pool) : pool_(&pool) {}
  ~Body() { clear(); }
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // How far an attempt has read.
  struct Cursor {
    base::Chunk* chunk = nullptr; // null: before the first byte that is there
    uint32_t offset = 0;
    uint64_t position = 0; // bytes since the start of the body
  };

  void append(std::span<const char> bytes);
  // The next run at the cursor; empty when it has everything.
  std::span<const char> peek(Cursor& cursor) const;
  void advance(Cursor& cursor, size_t bytes);
  // Bytes before the cursor may go, unless they are kept for a replay.
  void release_before(const Cursor& cursor);
  void stop_keeping() { keep_ = false; }
  void start_keeping() { keep_ = true; }
  void clear();
  uint64_t end() const { return end_; }
  // Whether a cursor at zero can still read everything.
  bool replayable() const { return begin_ == 0; }

 private:
  base::ChunkPool* pool_;
  base::Chunk* first_ = nullptr;
  base::Chunk* last_ = nullptr;
  uint64_t begin_ = 0, end_ = 0; // begin: position of the first byte of first_
  bool keep_ = false;
};

} // namespace kgw::proxy
