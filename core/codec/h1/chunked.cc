#include "codec/h1/chunked.h"

#include <algorithm>

#include "codec/h1/scan.h"

namespace kgw::codec::h1 {
namespace {

constexpr int kMaxDigits = 16;
constexpr uint64_t kMaxSize = INT64_MAX;
// A body that is nearly all framing, more than 80 %, is an attack on processor time. h2o draws such a line too.
constexpr uint64_t kFreeOverheadBytes = uint64_t{100} * 1024;
constexpr uint64_t kMaxOverheadPerPayload = 4;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char low = static_cast<char>(c | 32);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

bool control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

} // namespace

ChunkedDecoder::Step ChunkedDecoder::next(std::span<char>& in, std::span<const char>& data) {
  if (fault_) return Step::kBad;
  while (!in.empty()) {
    if (state_ == State::kData) return take_data(in, data);
    char c = in.front();
    in = in.subspan(1);
    ++overhead_;
    if (!framing_byte(c)) return Step::kBad;
    if (state_ == State::kData && size_ == 0) return Step::kLast;
  }
  return Step::kMore;
}

ChunkedDecoder::Step ChunkedDecoder::take_data(std::span<char>& in, std::span<const char>& data) {
  size_t bytes = static_cast<size_t>(std::min<uint64_t>(size_, in.size()));
  data = in.first(bytes);
  in = in.subspan(bytes);
  size_ -= bytes;
  payload_ += bytes;
  if (size_ == 0) state_ = State::kDataCr;
  return Step::kData;
}

bool ChunkedDecoder::framing_byte(char c) {
  switch (state_) {
  case State::kFirstDigit:
  case State::kDigits: return size_byte(c);
  case State::kSizeLf: return c == '\n' ? size_complete() : refuse("http1.chunk_line_end");
  case State::kDataCr: state_ = State::kDataLf; return c == '\r' || refuse("http1.chunk_data_end");
  case State::kDataLf: state_ = State::kFirstDigit; return c == '\n' || refuse("http1.chunk_data_end");
  default: return extension_byte(c);
  }
}

// 1*HEXDIG, then CR or ";". No blank, no sign, no prefix: each of them is read differently by somebody.
bool ChunkedDecoder::size_byte(char c) {
  if (state_ == State::kFirstDigit) {
    size_ = 0;
    digits_ = 0;
    line_bytes_ = 0;
  }
  if (++line_bytes_ > line_limit_ && c != '\r') return refuse("http1.chunk_line_too_long");
  if (int digit = hex_digit(c); digit >= 0) {
    if (++digits_ > kMaxDigits) return refuse("http1.chunk_size_overflow");
    size_ = size_ << 4 | static_cast<uint64_t>(digit);
    state_ = State::kDigits;
    return true;
  }
  if (state_ == State::kFirstDigit) return refuse("http1.chunk_size_missing");
  return extension_over(c) || refuse("http1.invalid_chunk_size");
}

// RFC 9112 7.1.1: *( ";" token [ "=" ( token / quoted-string ) ] ). No blanks around either sign.
bool ChunkedDecoder::extension_byte(char c) {
  if (++line_bytes_ > line_limit_ && c != '\r') return refuse("http1.chunk_line_too_long");
  bool good = true;
  switch (state_) {
  case State::kExtension:
    good = is_token_byte(c);
    state_ = State::kExtensionName;
    break;
  case State::kExtensionName:
    if (is_token_byte(c)) break;
    good = c == '=' || extension_over(c);
    if (c == '=') state_ = State::kExtensionValue;
    break;
  case State::kExtensionValue:
    good = c == '"' || is_token_byte(c);
    state_ = c == '"' ? State::kExtensionQuoted : State::kExtensionToken;
    break;
  case State::kExtensionToken: good = is_token_byte(c) || extension_over(c); break;
  case State::kExtensionQuoted:
    good = !control(c);
    if (c == '"') state_ = State::kExtensionEnd;
    if (c == '\\') state_ = State::kExtensionEscape;
    break;
  case State::kExtensionEscape:
    good = !control(c);
    state_ = State::kExtensionQuoted;
    break;
  default: good = extension_over(c); break;
  }
  return good || refuse("http1.invalid_chunk_extension");
}

// CR ends the line, ";" begins an extension.
bool ChunkedDecoder::extension_over(char c) {
  if (c != '\r' && c != ';') return false;
  state_ = c == ';' ? State::kExtension : State::kSizeLf;
  return true;
}

bool ChunkedDecoder::size_complete() {
  if (size_ > kMaxSize) return refuse("http1.chunk_size_overflow");
  if (overhead_ >= kFreeOverheadBytes && (overhead_ - 1) / kMaxOverheadPerPayload >= payload_)
    return refuse("http1.chunk_overhead");
  state_ = State::kData;
  return true;
}

bool ChunkedDecoder::refuse(const char* reason) {
  fault_ = {400, reason};
  return false;
}

} // namespace kgw::codec::h1
