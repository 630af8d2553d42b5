#pragma once
// The last finished requests of one worker. Written and read on that worker's thread alone.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "exchange/record.h"

namespace kgw::telemetry {

// Several texts, each cut at its own bound, behind each other: few cache lines for the usual short ones.
template <uint16_t... bounds> class PackedTexts {
 public:
  static constexpr size_t kCount = sizeof...(bounds);

  void assign(const std::array<std::string_view, kCount>& texts) {
    static constexpr uint16_t kBounds[] = {bounds...};
    uint16_t end = 0;
    for (size_t i = 0; i < kCount; ++i) {
      end = static_cast<uint16_t>(end + texts[i].copy(bytes_ + end, kBounds[i]));
      ends_[i] = end;
    }
  }
  std::string_view operator[](size_t i) const {
    size_t begin = i == 0 ? 0 : ends_[i - 1];
    return {bytes_ + begin, ends_[i] - begin};
  }

 private:
  uint16_t ends_[kCount] = {};
  char bytes_[(bounds + ...)];
};

// A Record that owns its texts, cut to bounds.
struct StoredRecord {
  uint64_t sequence = 0;
  int64_t start_unix_us = 0;
  http::Version version = http::Version::kHttp11;
  PackedTexts<16, 36, 256, 128, 128, 128> texts;
  exchange::Ledger ledger;

  void assign(const exchange::Record& record); // all but the sequence
  std::string_view method() const { return texts[0]; }
  std::string_view request_id() const { return texts[1]; }
  std::string_view path() const { return texts[2]; }
  std::string_view authority() const { return texts[3]; }
  std::string_view route() const { return texts[4]; }
  std::string_view cluster() const { return texts[5]; }
};

class Ring {
 public:
  explicit Ring(size_t capacity) : capacity_(capacity) {}
  void add(const exchange::Record& record);
  // The last `limit` records (0: all), oldest first.
  std::vector<StoredRecord> last(size_t limit) const;

 private:
  size_t capacity_;
  uint64_t sequence_ = 0;
  std::vector<StoredRecord> records_; // grows to its capacity once
};

} // namespace kgw::telemetry
