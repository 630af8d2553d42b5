#pragma once
// A head that comes field by field, counted and kept in an arena. What libnghttp2 does not check is checked here: all
// that an HTTP/1 head could not carry, and all that would say something else there (RFC 9113 8.2, 8.3, 10.3). An
// extended CONNECT (RFC 8441) becomes the GET with an upgrade that it stands for.

#include "codec/server_codec.h"

namespace kgw::codec::h2 {

struct Refusal {
  uint16_t status = 0;
  const char* reason = nullptr;
  explicit operator bool() const { return status != 0; }
};

class HeadBuilder {
 public:
  enum class Of : uint8_t { kRequest, kResponse, kTrailers };
  explicit HeadBuilder(const HeadLimits& limits) : limits_(limits) {}

  void begin(Of of, base::Arena& arena);
  void field(std::string_view name, std::string_view value);
  // Something is wrong with the head; the first fault counts.
  void refuse(uint16_t status, const char* reason);
  // Whether the head may be told. `end`: no body follows.
  Refusal finish(bool end);
  http::Head& head() { return head_; }

 private:
  void pseudo(std::string_view name, std::string_view value);
  void interpret(http::Field& field);
  void add(const http::Field& field);
  void join_cookies();
  Refusal check_request();
  Refusal check_authority();
  Refusal check_target();

  const HeadLimits& limits_;
  base::Arena* arena_ = nullptr;
  http::Head head_;
  std::string_view host_;
  Refusal refusal_;
  size_t bytes_ = 0;
  uint32_t fields_ = 0, hosts_ = 0;
  Of of_ = Of::kRequest;
};

} // namespace kgw::codec::h2
