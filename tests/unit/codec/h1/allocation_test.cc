// A keep-alive request and its response on both hops allocate nothing in steady state.

#pragma GCC diagnostic ignored "-Wmismatched-new-delete" // operator new is replaced, with malloc behind it

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "http/forwarding.h"
#include "unit/codec/h1/pieces.h"

#include "unit/codec/allocations.h"

thread_local size_t kgw::codec::test::allocations = 0;

void* operator new(size_t bytes) {
  ++kgw::codec::test::allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new[](size_t bytes) { return operator new(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

namespace kgw::codec::h1::test {
namespace {

using codec::test::allocations;
using codec::test::Recycled;

constexpr std::string_view kRequest =
    "GET /x HTTP/1.1\r\nHost: a.test\r\nUser-Agent: some client\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n";
constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\nServer: o\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

struct Hops {
  Recycled arenas;
  std::unique_ptr<ServerCodec> server = make_server_codec(arenas, {});
  std::unique_ptr<ClientCodec> client = make_client_codec({});
  base::OutBuffer up, down;
  char in[512];
  Event event;

  std::span<char> input(std::string_view text) { return {in, text.copy(in, sizeof in)}; }
  void exchange() {
    std::span<char> request = input(kRequest);
    server->next(request, event);
    up.clear();
    down.clear();
    (void)http::strip_hop_by_hop(*event.head);
    http::shape_request(*event.head, arenas.arena, {.address = "1.2.3.4", .forwarded_address = "1.2.3.4"}, "id");
    client->write_request(*event.head, {.expected_timeout_ms = 15000}, true, nullptr, up);
    std::span<char> response = input(kResponse);
    while (!client->reusable()) {
      switch (client->next(response, event)) {
      case EventKind::kHead: server->write_head(0, *event.head, event.end, down); break;
      case EventKind::kData: server->write_data(0, event.data, event.end, down); break;
      default: server->write_data(0, {}, true, down);
      }
    }
  }
};

TEST(Allocation, NoneInSteadyState) {
  Hops hops;
  for (int i = 0; i < 3; ++i) hops.exchange();
  size_t before = allocations, reserved = hops.arenas.arena.reserved_bytes();
  for (int i = 0; i < 100; ++i) hops.exchange();
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(hops.arenas.arena.reserved_bytes(), reserved);
  EXPECT_EQ(reserved, base::Arena::kFirstBlockBytes);
  EXPECT_EQ(hops.down.view(),
            "HTTP/1.1 200 OK\r\nserver: o\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
}

} // namespace
} // namespace kgw::codec::h1::test
