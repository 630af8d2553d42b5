#pragma once
// Heads as libnghttp2 wants them. The texts are the head's own, or live in the list.

#include <array>
#include <charconv>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "http/head.h"

namespace kgw::codec::h2 {

class FieldList {
 public:
  void add(std::string_view name, std::string_view value) {
    fields_.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  void add(std::string_view name, int64_t number) {
    auto& text = numbers_[numbers_used_++];
    char* end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    add(name, {text.data(), static_cast<size_t>(end - text.data())});
  }
  // All but what belongs to a connection, and `skipped`.
  void add_fields(const http::Head& head, uint64_t skipped);

  void clear() {
    fields_.clear();
    numbers_used_ = 0;
  }
  const nghttp2_nv* data() const { return fields_.data(); }
  size_t size() const { return fields_.size(); }

 private:
  static uint8_t* bytes(std::string_view text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); }

  std::vector<nghttp2_nv> fields_;
  std::array<std::array<char, 24>, 4> numbers_;
  size_t numbers_used_ = 0;
};

} // namespace kgw::codec::h2
