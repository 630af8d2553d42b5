#include "support/memory_network.h"

#include "support/memory_transport.h"

namespace kgw::test {

void MemoryNetwork::listen(const net::Address& address, Listener listener) {
  places_[address.text()] = {std::move(listener), Answer::kRefuse};
}

void MemoryNetwork::answer(const net::Address& address, Answer answer) { places_[address.text()] = {nullptr, answer}; }

std::unique_ptr<net::Transport> MemoryNetwork::connect(const net::Address& to, net::TransportHandler& handler) {
  ++calls.connects;
  size_t number = links_.size();
  auto link = std::make_shared<MemoryLink>(*this, plan ? plan(number, to) : faults);
  links_.push_back(link);
  auto from = *net::parse_address("127.0.0.1", static_cast<uint16_t>(1024 + number % 64000));
  auto client = std::make_unique<MemoryTransport>(std::move(link), 0, from, to);
  client->connect_later(handler);
  return client;
}

void MemoryNetwork::stall(size_t number, Direction direction, bool stalled) {
  auto link = links_[number].lock();
  if (!link) return;
  link->pipes[static_cast<size_t>(direction)].stall(stalled);
  link->look();
}

void MemoryNetwork::reset(size_t number) {
  if (auto link = links_[number].lock()) link->reset();
}

} // namespace kgw::test
