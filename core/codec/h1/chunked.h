#pragma once
// The chunked coding, read. RFC 9112 7.1.

#include <cstdint>
#include <span>

#include "codec/h1/fault.h"

namespace kgw::codec::h1 {

// Every byte is consumed when it is looked at; nothing is allocated. Extensions are checked and dropped.
class ChunkedDecoder {
 public:
  enum class Step : uint8_t {
    kMore,
    kData,
    kLast, // the zero chunk's line is behind; the trailer section follows
    kBad,
  };
  void begin(uint32_t line_limit) {
    *this = {};
    line_limit_ = line_limit;
  }
  Step next(std::span<char>& in, std::span<const char>& data);
  Fault fault() const { return fault_; }

 private:
  enum class State : uint8_t {
    kFirstDigit,
    kDigits,
    kExtension,
    kExtensionName,
    kExtensionValue,
    kExtensionToken,
    kExtensionQuoted,
    kExtensionEscape,
    kExtensionEnd,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
  };
  bool refuse(const char* reason); // always false
  Step take_data(std::span<char>& in, std::span<const char>& data);
  bool framing_byte(char c);
  bool size_byte(char c);
  bool extension_byte(char c);
  bool extension_over(char c);
  bool size_complete();

  State state_ = State::kFirstDigit;
  uint8_t digits_ = 0;
  uint32_t line_limit_ = 0, line_bytes_ = 0;
  uint64_t size_ = 0;     // of this chunk, or what is left of it
  uint64_t overhead_ = 0; // framing bytes of the whole body
  uint64_t payload_ = 0;
  Fault fault_{};
};

} // namespace kgw::codec::h1
