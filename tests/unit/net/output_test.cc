#include "net/output.h"

#include <string>

#include <gtest/gtest.h>

#include "support/memory_network.h"
#include "unit/net/real_loop.h"

namespace kgw::net {
namespace {

class OutputTest : public testing::Test {
 protected:
  void connect(const test::Faults& faults = {}) {
    Address address = *parse_address("10.0.0.1", 80);
    network.faults.to_server = faults;
    network.listen(address, [this](std::unique_ptr<Transport> transport) { server.take(std::move(transport)); });
    client.transport = network.connect(address, client);
    loop->settle();
    output = std::make_unique<Output>(*client.transport, scratch, chunks);
    client.output = output.get();
  }
  struct Client : Peer {
    Output* output = nullptr;
    void on_writable() override { output->write_more(); }
  };
  std::unique_ptr<Loop> loop = std::move(*Loop::make(Loop::Clock::kVirtual));
  test::MemoryNetwork network{*loop};
  OutputScratch scratch;
  base::ChunkPool chunks;
  Client client;
  Peer server;
  std::unique_ptr<Output> output;
};

TEST_F(OutputTest, WhatIsEncodedBeforeAFlushIsOneSend) {
  connect();
  output->open().append("head ");
  output->open().append("body");
  output->flush();
  output->flush();
  loop->settle();
  EXPECT_EQ(server.received, "head body");
  EXPECT_EQ(network.calls.writes, 1u);
  EXPECT_EQ(network.calls.write_interest, 0u);
  EXPECT_EQ(output->sent(), 9u);
}

TEST_F(OutputTest, AShortSendResumesAtTheExactByte) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i) + ' ';
  connect({.capacity = 1000, .write_most = 700, .seed = 3});
  output->open().append(text);
  output->flush();
  EXPECT_GT(output->queued(), 0u);
  output->open().append("end");
  output->flush();
  loop->settle();
  EXPECT_EQ(server.received, text + "end");
  EXPECT_EQ(output->queued(), 0u);
  EXPECT_EQ(chunks.in_use(), 0u);
  EXPECT_EQ(network.calls.write_interest, 2u);
}

TEST_F(OutputTest, ATransportThatRefusesBytesMakesItFail) {
  connect({.reset_at = 4});
  output->open().append("more than four");
  output->flush();
  loop->settle();
  output->open().append("again");
  output->flush();
  EXPECT_TRUE(output->failed());
  EXPECT_EQ(server.received, "more");
}

TEST_F(OutputTest, AnotherOneThatOpensTheScratchFlushesTheFirst) {
  connect();
  Output other(*server.transport, scratch, chunks);
  output->open().append("to server");
  other.open().append("to client");
  other.flush();
  loop->settle();
  EXPECT_EQ(server.received, "to server");
  EXPECT_EQ(client.received, "to client");
}

} // namespace
} // namespace kgw::net
