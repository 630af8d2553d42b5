#include "snapshot/snapshot.h"

#include <gtest/gtest.h>

namespace kgw::snapshot {
namespace {

// A request is judged by its connection before it has found its listener: what one of them refuses, the socket refuses.
TEST(Compile, ASharedSocketAcceptsWhatAllItsListenersAccept) {
  for (bool stricter_first : {true, false}) {
    ListenerSpec open{.address = "127.0.0.1", .port = 80, .routes = {.name = "a/b/open", .hostname = "open.test"}};
    ListenerSpec strict = open;
    strict.routes = {.name = "a/b/strict", .hostname = "strict.test"};
    open.settings.accept_connect = open.settings.accept_trace = open.settings.accept_http_1_0 = 1;
    strict.settings.accept_websocket = 0;
    strict.settings.chunk_line_bytes = 100;
    strict.settings.requests_per_turn = 2;
    Spec spec;
    spec.listeners = stricter_first ? std::vector{strict, open} : std::vector{open, strict};
    cluster::Registry registry(1);
    auto snapshot = compile(std::move(spec), registry, 1);
    ASSERT_TRUE(snapshot);
    ASSERT_EQ((*snapshot)->sockets.size(), 1u);
    const ListenerSettings& connection = (*snapshot)->sockets[0].connection;
    EXPECT_EQ(connection.accept_connect, 0);
    EXPECT_EQ(connection.accept_trace, 0);
    EXPECT_EQ(connection.accept_http_1_0, 0);
    EXPECT_EQ(connection.accept_websocket, 0);
    EXPECT_EQ(connection.chunk_line_bytes, 100);
    EXPECT_EQ(connection.requests_per_turn, 2);
  }
}

} // namespace
} // namespace kgw::snapshot
