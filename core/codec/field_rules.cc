#include "codec/field_rules.h"

#include <algorithm>

namespace kgw::codec {

bool underscore_twin(std::string_view name) {
  char dashed[64]; // longer than any name that means something
  if (name.find('_') == std::string_view::npos) return false;
  size_t bytes = name.copy(dashed, sizeof dashed);
  std::replace(dashed, dashed + bytes, '_', '-');
  std::string_view twin(dashed, bytes);
  if (twin.starts_with("x-envoy-") || twin.starts_with("x-forwarded-")) return true;
  constexpr uint64_t kFraming = http::tokens_with(http::kHop) | http::token_bit(http::Token::kHost) |
                                http::token_bit(http::Token::kContentLength) |
                                http::token_bit(http::Token::kXRequestId);
  return (http::token_bit(http::token_of(twin)) & kFraming) != 0;
}

bool allowed_in_trailers(const http::Field& field) {
  std::string_view name = field.name_view();
  if (field.token != http::Token::kOther) return (http::token_properties(field.token) & http::kNoTrailer) == 0;
  return name != "forwarded" && !name.starts_with("x-envoy-") && !name.starts_with("x-forwarded-");
}

} // namespace kgw::codec
