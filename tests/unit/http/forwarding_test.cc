#include "http/forwarding.h"

#include <gtest/gtest.h>

#include "unit/http/text_head.h"

namespace kgw::http::test {
namespace {

constexpr Peer kOutside{.address = "127.0.0.1", .forwarded_address = "10.0.0.9"};
constexpr Peer kInside{.address = "10.1.1.1", .forwarded_address = "10.1.1.1", .internal = true, .tls = true};

std::string shaped(const Rows& rows, const Peer& peer) {
  base::Arena arena;
  Head head = make_head(arena, rows);
  shape_request(head, arena, peer, "ID");
  EXPECT_TRUE(present_is_true(head));
  return text_of(head);
}

TEST(ShapeRequest, External) {
  EXPECT_EQ(shaped({{"a", "1"}}, kOutside),
            "a=1;x-forwarded-for=10.0.0.9;x-forwarded-proto=http;x-request-id=ID;x-envoy-external-address=127.0.0.1;");
}

TEST(ShapeRequest, ExternalLosesWhatOnlyTrustedClientsMaySay) {
  EXPECT_EQ(shaped({{"x-envoy-retry-on", "5xx"},
                    {"x-envoy-original-path", "/"},
                    {"x-envoy-internal", "true"},
                    {"x-envoy-external-address", "1.2.3.4"},
                    {"x-forwarded-proto", "https"},
                    {"x-request-id", "mine"},
                    {"x-envoy-attempt-count", "7"}},
                   kOutside),
            "x-envoy-attempt-count=7;x-forwarded-for=10.0.0.9;x-forwarded-proto=http;x-request-id=ID;x-envoy-external-"
            "address=127.0.0.1;");
}

TEST(ShapeRequest, Internal) {
  EXPECT_EQ(
      shaped({{"x-envoy-retry-on", "5xx"}, {"x-request-id", "mine"}}, kInside),
      "x-envoy-retry-on=5xx;x-request-id=mine;x-forwarded-for=10.1.1.1;x-forwarded-proto=https;x-envoy-internal=true;");
  EXPECT_EQ(shaped({}, kInside),
            "x-forwarded-for=10.1.1.1;x-forwarded-proto=https;x-request-id=ID;x-envoy-internal=true;");
}

TEST(ShapeRequest, AForwardedRequestIsNeverInternal) {
  EXPECT_EQ(
      shaped({{"x-forwarded-for", "1.1.1.1, 2.2.2.2"}, {"x-envoy-retry-on", "5xx"}, {"x-forwarded-for", "3.3.3.3"}},
             kInside),
      "x-forwarded-for=1.1.1.1, 2.2.2.2,3.3.3.3,10.1.1.1;x-forwarded-proto=https;x-request-id=ID;"
      "x-envoy-external-address=10.1.1.1;");
}

} // namespace
} // namespace kgw::http::test
