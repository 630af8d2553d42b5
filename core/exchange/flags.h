#pragma once
// Envoy's response flags: an ordered list without repeats, not a bit mask, because logs print them in the order they
// were set.

#include <cstdint>
#include <string>
#include <string_view>

namespace kgw::exchange {

enum class Flag : uint8_t { kDC, kNR, kUC, kUF, kUH, kUO, kUPE, kURX, kUT, kSI, kLR, kDPE, kDI, kFI, kUMSDR, kUR, kDR };

class Flags {
 public:
  static constexpr int kMost = 6;
  void set(Flag flag) {
    if (has(flag) || count_ == kMost) return;
    list_[count_++] = flag;
  }
  bool has(Flag flag) const {
    for (int i = 0; i < count_; ++i) {
      if (list_[i] == flag) return true;
    }
    return false;
  }
  bool empty() const { return count_ == 0; }
  std::string text() const; // "URX,UF"; "-" for none

 private:
  Flag list_[kMost] = {};
  uint8_t count_ = 0;
};

std::string_view flag_name(Flag flag);

} // namespace kgw::exchange
