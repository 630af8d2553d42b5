#include "upstream/grpc_health.h"

#include <cstdint>
#include <optional>

namespace kgw::upstream {
namespace {

constexpr size_t kPrefixBytes = 5; // a flag for compression, a length in four bytes
constexpr uint64_t kServing = 1, kStatusField = 1;

enum WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void append_varint(std::string& to, uint64_t number) {
  for (; number >= 0x80; number >>= 7) to += static_cast<char>(number | 0x80);
  to += static_cast<char>(number);
}

std::optional<uint64_t> take_varint(std::string_view& text) {
  uint64_t number = 0;
  for (int shift = 0; shift < 64 && !text.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    number |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return number;
  }
  return std::nullopt;
}

// Past a field that is none of ours.
bool skip(std::string_view& text, uint64_t wire_type) {
  uint64_t bytes = wire_type == kFixed64 ? 8 : 4;
  if (wire_type == kVarint) return take_varint(text).has_value();
  if (wire_type == kBytes) {
    auto length = take_varint(text);
    if (!length) return false;
    bytes = *length;
  } else if (wire_type != kFixed64 && wire_type != kFixed32) {
    return false;
  }
  if (bytes > text.size()) return false;
  text.remove_prefix(bytes);
  return true;
}

} // namespace

std::string grpc_health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message += '\x0a'; // field 1, bytes
    append_varint(message, service.size());
    message += service;
  }
  std::string framed(kPrefixBytes, '\0');
  for (size_t i = 0; i < 4; ++i) framed[4 - i] = static_cast<char>(message.size() >> (8 * i));
  return framed + message;
}

bool grpc_health_serving(std::string_view body) {
  if (body.size() < kPrefixBytes || body[0] != 0) return false; // we asked for no compression
  uint32_t length = 0;
  for (size_t i = 1; i < kPrefixBytes; ++i) length = length << 8 | static_cast<unsigned char>(body[i]);
  std::string_view message = body.substr(kPrefixBytes);
  if (message.size() != length) return false;
  uint64_t status = 0;
  while (!message.empty()) {
    auto tag = take_varint(message);
    if (!tag) return false;
    bool is_status = *tag >> 3 == kStatusField && (*tag & 7) == kVarint;
    auto number = is_status ? take_varint(message) : std::nullopt;
    if (is_status ? !number : !skip(message, *tag & 7)) return false;
    if (is_status) status = *number; // the last one counts
  }
  return status == kServing;
}

} // namespace kgw::upstream
