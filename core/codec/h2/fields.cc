#include "codec/h2/fields.h"

namespace kgw::codec::h2 {

void FieldList::add_fields(const http::Head& head, uint64_t skipped) {
  // RFC 9113 8.2.2; te: trailers is all that is left of TE in a head.
  constexpr uint64_t kHop = http::tokens_with(http::kHop) & ~http::token_bit(http::Token::kTe);
  for (const http::Field& field : head.all()) {
    bool unsent = (field.flags & (http::kRemoved | http::kHttp1Only)) != 0;
    if (unsent || (http::token_bit(field.token) & (kHop | skipped)) != 0) continue;
    add(field.name_view(), field.value_view());
  }
}

} // namespace kgw::codec::h2
