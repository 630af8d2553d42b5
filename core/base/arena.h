#pragma once
// Bump allocation for things that die together (a request's head, its ledger). One owner, one thread.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace kgw::base {

// The first block lives as long as the arena and is reused by reset(), so a recycled owner allocates nothing.
class Arena {
 public:
  static constexpr size_t kFirstBlockBytes = 4096;

  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Never null. Memory is not initialised. `align` is a power of two, at most 16.
  void* allocate(size_t bytes, size_t align = 8) {
    auto at = (used_ + align - 1) & ~(align - 1);
    if (block_ != nullptr && at + bytes <= capacity_) [[likely]] {
      used_ = at + bytes;
      return block_->bytes() + at;
    }
    return allocate_slow(bytes, align);
  }
  template <typename T> T* array(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
  }
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    auto* to = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }
  // Gives back the unused tail of the most recent allocation (a parser that asked for too much).
  void shrink_last(const void* end) { used_ = static_cast<size_t>(static_cast<const char*>(end) - block_->bytes()); }

  // Everything handed out becomes invalid.
  void reset();
  size_t reserved_bytes() const { return reserved_; }

 private:
  struct Block {
    Block* next;
    size_t capacity;
    char* bytes() { return reinterpret_cast<char*>(this + 1); }
  };
  void* allocate_slow(size_t bytes, size_t align);

  Block* block_ = nullptr; // the newest, head of the list
  size_t used_ = 0, capacity_ = 0, reserved_ = 0;
};

} // namespace kgw::base
