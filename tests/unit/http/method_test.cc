#include "http/method.h"

#include <gtest/gtest.h>

#include "http/date.h"
#include "http/status.h"

namespace kgw::http {
namespace {

// RFC 9110 9.1: case-sensitive.
TEST(Method, NamesAreExact) {
  for (int i = 1; i <= static_cast<int>(MethodId::kPatch); ++i) {
    auto id = static_cast<MethodId>(i);
    EXPECT_EQ(method_of(method_name(id)), id);
  }
  for (const char* other : {"", "get", "GETS", "GE", "PURGE", "Post"})
    EXPECT_EQ(method_of(other), MethodId::kOther) << other;
  EXPECT_EQ(method_name(MethodId::kOther), "");
}

TEST(Status, PhrasesOfRegisteredCodes) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(299), "");
  int known = 0;
  for (uint16_t status = 100; status < 600; ++status) known += reason_phrase(status).empty() ? 0 : 1;
  EXPECT_EQ(known, 60);
}

// RFC 9110 5.6.7.
TEST(Date, IsImfFixdate) {
  Date date;
  EXPECT_EQ(date.at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

} // namespace
} // namespace kgw::http
