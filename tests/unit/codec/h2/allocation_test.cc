// Requests over a connection in use allocate nothing, neither here nor in libnghttp2, on either side.

#include <array>
#include <cstring>

#include <gtest/gtest.h>

#include "base/block_pool.h"
#include "unit/codec/allocations.h"
#include "unit/codec/h2/pair.h"

namespace kgw::codec::h2::test {
namespace {

using codec::test::allocations;
using codec::test::Recycled;

struct Connection {
  base::BlockPool blocks;
  Recycled arenas;
  std::unique_ptr<ServerCodec> server = make_server_codec(arenas, {}, {}, &blocks);
  std::unique_ptr<ClientCodec> client = make_client_codec({}, {}, &blocks);
  base::OutBuffer up, down;
  std::array<char, 65536> in{};
  int mark = 0; // what streams are bound to
  size_t answered = 0;

  // All that one side has written, told to the other.
  template <class Tell> void move(Codec& from, base::OutBuffer& bytes, Codec& to, Tell tell) {
    if (from.wants_write()) from.write(bytes);
    std::memcpy(in.data(), bytes.view().data(), bytes.size());
    std::span<char> left(in.data(), bytes.size());
    bytes.clear();
    Event event;
    for (EventKind kind; (kind = to.next(left, event)) != EventKind::kNeedMore;) tell(kind, event);
  }
  void request(const http::Head& head) {
    client->write_request(head, {.expected_timeout_ms = 15000, .attempt_count = 1}, true, &mark, up);
    move(*client, up, *server, [this](EventKind kind, const Event& event) {
      if (kind != EventKind::kHead) return;
      server->bind(event.stream, &mark);
      server->write_head(event.stream, {.content_length = 5, .status = 200}, false, down);
      server->write_data(event.stream, bytes_of("hello"), true, down);
      server->bind(event.stream, nullptr);
    });
    move(*server, down, *client, [this](EventKind kind, const Event& event) {
      if (kind != EventKind::kEnd && !event.end) return;
      ++answered;
      client->bind(event.stream, nullptr);
    });
  }
};

TEST(Http2Allocations, NonePerRequest) {
  Connection connection;
  base::Arena arena;
  http::Head head{
      .method = "GET", .scheme = "http", .authority = "a.example", .path = "/a?b", .method_id = http::MethodId::kGet};
  http::add_field(head, arena, "user-agent", "test");
  http::add_field(head, arena, "accept", "*/*");
  for (int i = 0; i < 100; ++i) connection.request(head);
  size_t before = allocations;
  uint64_t fetched = connection.blocks.fetched();
  for (int i = 0; i < 1000; ++i) connection.request(head);
  EXPECT_EQ(connection.answered, 1100u);
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(connection.blocks.fetched() - fetched, 0u);
}

} // namespace
} // namespace kgw::codec::h2::test
