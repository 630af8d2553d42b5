// RFC 9112 6.3 as a table.

#include "codec/h1/framing.h"

#include <gtest/gtest.h>

#include "http/method.h"

namespace kgw::codec::h1::test {
namespace {

using http::Framing;
using http::Version;

constexpr Version k10 = Version::kHttp10, k11 = Version::kHttp11;

TEST(Framing, RequestBody) {
  struct Row {
    Declared declared;
    Framing framing;
    int64_t length;
    bool fault;
  };
  const Row rows[] = {
      {{false, -1, k11}, Framing::kNone, 0, false},  // item 7
      {{false, 0, k11}, Framing::kLength, 0, false}, // item 6
      {{false, 9, k11}, Framing::kLength, 9, false},  {{false, 9, k10}, Framing::kLength, 9, false},
      {{false, -1, k10}, Framing::kNone, 0, false},   // never until close
      {{true, -1, k11}, Framing::kChunked, 0, false}, // item 4
      {{true, -1, k10}, Framing::kNone, 0, true},     // 6.1
      {{true, 0, k11}, Framing::kNone, 0, true},      // item 3
      {{true, 9, k11}, Framing::kNone, 0, true},
  };
  for (const Row& row : rows) {
    Body body = request_body(row.declared);
    EXPECT_EQ(static_cast<bool>(body.fault), row.fault);
    EXPECT_EQ(body.framing, row.framing);
    EXPECT_EQ(body.length, row.length);
  }
}

TEST(Framing, ResponseBody) {
  const RequestMode get, head{.head_request = true}, connect{.connect = true};
  struct Row {
    Declared declared;
    uint16_t status;
    RequestMode mode;
    Framing framing;
    bool fault;
  };
  const Row rows[] = {
      {{false, 9, k11}, 200, head, Framing::kNone, false}, // item 1
      {{true, -1, k11}, 200, head, Framing::kNone, false},
      {{false, -1, k11}, 100, get, Framing::kNone, false},
      {{false, -1, k11}, 204, get, Framing::kNone, false},
      {{false, 9, k11}, 304, get, Framing::kNone, false},
      {{true, -1, k11}, 304, get, Framing::kNone, false},
      {{true, -1, k11}, 204, get, Framing::kNone, true}, // 6.1
      {{false, 9, k11}, 204, get, Framing::kNone, true}, // RFC 9110 8.6
      {{false, 0, k11}, 204, get, Framing::kNone, false},
      {{false, 9, k11}, 103, get, Framing::kNone, true},
      {{false, -1, k11}, 200, connect, Framing::kNone, false}, // item 2
      {{false, 9, k11}, 299, connect, Framing::kNone, false},
      {{false, 9, k11}, 407, connect, Framing::kLength, false},
      {{true, 9, k11}, 200, get, Framing::kNone, true}, // item 3
      {{true, 9, k11}, 200, head, Framing::kNone, true},
      {{true, -1, k10}, 200, get, Framing::kNone, true},
      {{true, -1, k11}, 200, get, Framing::kChunked, false},     // item 4
      {{false, 9, k10}, 200, get, Framing::kLength, false},      // item 6
      {{false, -1, k11}, 200, get, Framing::kUntilClose, false}, // item 8
      {{false, -1, k10}, 500, get, Framing::kUntilClose, false},
  };
  for (const Row& row : rows) {
    Body body = response_body(row.declared, row.status, row.mode);
    EXPECT_EQ(static_cast<bool>(body.fault), row.fault) << row.status;
    EXPECT_EQ(body.framing, row.framing) << row.status;
    EXPECT_EQ(body.length, body.framing == Framing::kLength ? row.declared.content_length : 0);
  }
}

http::Head head_of(uint16_t status, int64_t length, Framing framing = Framing::kNone) {
  http::Head head;
  head.status = status;
  head.content_length = length;
  head.framing = framing;
  return head;
}

// RFC 9110 8.6, with Envoy's list.
TEST(Framing, OnlyMethodsThatMeanABodySayThatThereIsNone) {
  for (std::string_view method :
       {"GET", "HEAD", "DELETE", "TRACE", "CONNECT", "POST", "PUT", "PATCH", "OPTIONS", "PURGE"}) {
    http::Head head = head_of(0, -1);
    head.method_id = http::method_of(method);
    bool silent = method == "GET" || method == "HEAD" || method == "DELETE" || method == "TRACE" || method == "CONNECT";
    EXPECT_EQ(outgoing_request(head, true).content_length, silent ? -1 : 0) << method;
    EXPECT_EQ(outgoing_request(head, true).framing, silent ? Framing::kNone : Framing::kLength) << method;
  }
}

TEST(Framing, OutgoingRequest) {
  auto framing = [](int64_t length, Framing was, bool end) { return outgoing_request(head_of(0, length, was), end); };
  EXPECT_EQ(framing(0, Framing::kLength, true).content_length, 0);
  EXPECT_EQ(framing(7, Framing::kLength, false).framing, Framing::kLength);
  EXPECT_EQ(framing(-1, Framing::kNone, false).framing, Framing::kChunked);
  EXPECT_TRUE(framing(-1, Framing::kChunked, true).announce_chunked); // every attempt the same bytes
}

TEST(Framing, OutgoingResponse) {
  struct Row {
    uint16_t status;
    int64_t length;
    bool end, head_request;
    Version to;
    Framing framing;
    int64_t announced;
    bool chunked;
  };
  const Row rows[] = {
      {200, 5, false, false, k11, Framing::kLength, 5, false},
      {200, 5, false, false, k10, Framing::kLength, 5, false},
      {200, -1, false, false, k11, Framing::kChunked, -1, true},
      {200, -1, false, false, k10, Framing::kUntilClose, -1, false},
      {200, -1, true, false, k11, Framing::kLength, 0, false},
      {200, 5, true, true, k11, Framing::kNone, 5, false},
      {200, -1, true, true, k11, Framing::kNone, -1, true},
      {200, -1, true, true, k10, Framing::kNone, -1, false},
      {304, 5, true, false, k11, Framing::kNone, 5, false},
      {304, -1, true, false, k11, Framing::kNone, -1, false},
      {204, 0, true, false, k11, Framing::kNone, -1, false},
      {204, 5, false, false, k11, Framing::kNone, -1, false},
      {100, -1, false, false, k11, Framing::kNone, -1, false},
  };
  for (const Row& row : rows) {
    OutBody body = outgoing_response(head_of(row.status, row.length), row.end, row.head_request, row.to);
    EXPECT_EQ(body.framing, row.framing) << row.status;
    EXPECT_EQ(body.content_length, row.announced) << row.status;
    EXPECT_EQ(body.announce_chunked, row.chunked) << row.status;
  }
}

} // namespace
} // namespace kgw::codec::h1::test
