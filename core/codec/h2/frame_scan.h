#pragma once
// Where the frames of an HTTP/2 connection begin and end (RFC 9113 4.1), so that they can be counted and handed on one
// by one.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

namespace kgw::codec::h2 {

enum class FrameType : uint8_t {
  kData,
  kHeaders,
  kPriority,
  kRstStream,
  kSettings,
  kPushPromise,
  kPing,
  kGoaway,
  kWindowUpdate,
  kContinuation
};
struct FrameHeader {
  uint32_t bytes = 0; // of the payload
  FrameType type = FrameType::kData;
  uint8_t flags = 0;
  uint32_t stream = 0;
  bool end_stream() const { return (flags & 1) != 0; }
  bool end_headers() const { return (flags & 4) != 0; }
};

class FrameScan {
 public:
  static constexpr size_t kHeaderBytes = 9, kPrefaceBytes = 24;
  explicit FrameScan(bool server) : preface_left_(server ? kPrefaceBytes : 0) {}

  // How many bytes of `in` belong to the current frame.
  size_t piece(std::span<const char> in) const {
    size_t wanted = preface_left_ > 0 ? preface_left_ : have_ < kHeaderBytes ? kHeaderBytes - have_ : left_;
    return std::min(wanted, in.size());
  }
  // That many were read. Returns what is to be handed on: a header only when all of it is here (libnghttp2 counts a
  // CONTINUATION for each part of its header). `header`: that it is one, and frame() says which.
  std::span<const char> read(std::span<const char> piece, bool& header) {
    header = false;
    if (preface_left_ > 0) {
      preface_left_ -= piece.size();
      return piece;
    }
    if (have_ == kHeaderBytes) {
      left_ -= piece.size();
      if (left_ == 0) have_ = 0;
      return piece;
    }
    std::memcpy(bytes_ + have_, piece.data(), piece.size());
    have_ += piece.size();
    if (have_ < kHeaderBytes) return {};
    parse();
    if (left_ == 0) have_ = 0;
    header = true;
    return {reinterpret_cast<const char*>(bytes_), kHeaderBytes};
  }
  const FrameHeader& frame() const { return frame_; }
  bool between() const { return preface_left_ == 0 && have_ == 0; }

 private:
  void parse() {
    frame_.bytes = static_cast<uint32_t>(bytes_[0]) << 16 | static_cast<uint32_t>(bytes_[1]) << 8 | bytes_[2];
    frame_.type = static_cast<FrameType>(bytes_[3]);
    frame_.flags = bytes_[4];
    frame_.stream = static_cast<uint32_t>(bytes_[5] & 0x7f) << 24 | static_cast<uint32_t>(bytes_[6]) << 16 |
                    static_cast<uint32_t>(bytes_[7]) << 8 | bytes_[8];
    left_ = frame_.bytes;
  }

  size_t preface_left_;
  unsigned char bytes_[kHeaderBytes] = {};
  size_t have_ = 0, left_ = 0;
  FrameHeader frame_;
};

} // namespace kgw::codec::h2
