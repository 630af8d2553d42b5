#include "codec/h1/body_writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace kgw::codec::h1 {
namespace {

constexpr std::string_view kCrLf = "\r\n", kLastChunk = "0\r\n\r\n";
constexpr size_t kMaxSizeLine = 18;

void write_chunk(std::span<const char> data, base::OutBuffer& out) {
  char* begin = out.prepare(kMaxSizeLine + data.size() + kCrLf.size());
  char* to = std::to_chars(begin, begin + 16, data.size(), 16).ptr;
  to += kCrLf.copy(to, 2);
  std::memcpy(to, data.data(), data.size());
  to += data.size();
  to += kCrLf.copy(to, 2);
  out.commit(static_cast<size_t>(to - begin));
}

} // namespace

void BodyWriter::begin(const OutBody& body) {
  framing_ = body.framing;
  honest_ = true;
  left_ = body.framing == http::Framing::kLength ? static_cast<uint64_t>(body.content_length) : 0;
}

void BodyWriter::data(std::span<const char> data, bool end, base::OutBuffer& out) {
  switch (framing_) {
  case http::Framing::kNone: return;
  case http::Framing::kUntilClose: return out.append({data.data(), data.size()});
  case http::Framing::kChunked:
    if (!data.empty()) write_chunk(data, out); // an empty chunk would end the body
    if (end) out.append(kLastChunk);
    return;
  case http::Framing::kLength: break;
  }
  if (data.size() > left_) {
    honest_ = false;
    data = data.first(static_cast<size_t>(left_));
  }
  out.append({data.data(), data.size()});
  left_ -= data.size();
  if (end && left_ > 0) honest_ = false;
}

} // namespace kgw::codec::h1
