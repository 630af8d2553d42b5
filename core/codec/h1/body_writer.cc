#include "codec/h1/body_writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "codec/h1/serializer.h"

namespace kgw::codec::h1 {
namespace {

constexpr std::string_view kCrLf = "\r\n", kLastChunk = "0\r\n\r\n";
constexpr size_t kMaxSizeLine = 18;

void write_chunk(std::string_view data, base::OutBuffer& out) {
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
  std::string_view text(data.data(), data.size());
  switch (framing_) {
  case http::Framing::kNone: return;
  case http::Framing::kUntilClose:
    if (!text.empty()) out.append(text);
    return;
  case http::Framing::kChunked:
    if (!text.empty()) write_chunk(text, out); // an empty chunk would end the body
    if (end) out.append(kLastChunk);
    return;
  case http::Framing::kLength: break;
  }
  if (text.size() > left_) {
    honest_ = false;
    text = text.substr(0, static_cast<size_t>(left_));
  }
  if (!text.empty()) out.append(text);
  left_ -= text.size();
  if (end && left_ > 0) honest_ = false;
}

void BodyWriter::trailers(const http::Head& trailers, base::OutBuffer& out) {
  if (framing_ == http::Framing::kChunked) return write_chunked_trailers(trailers, out);
  data({}, true, out);
}

} // namespace kgw::codec::h1
