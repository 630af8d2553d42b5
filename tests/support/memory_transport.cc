#include "support/memory_transport.h"

#include <cerrno>

namespace kgw::test {
namespace {

constexpr unsigned kSpinning = 10'000;

} // namespace

void MemoryLink::reset() {
  for (Pipe& pipe : pipes) pipe.reset();
  look();
}

void MemoryLink::look() {
  if (pipes[0].has_reset() != pipes[1].has_reset()) { // one direction was cut: TCP has no half a reset
    for (Pipe& pipe : pipes) pipe.reset();
  }
  for (MemoryTransport* end : ends) {
    if (end != nullptr) end->look();
  }
}

MemoryTransport::MemoryTransport(std::shared_ptr<MemoryLink> link, int end, const net::Address& local,
                                 const net::Address& peer)
    : link_(std::move(link)), end_(end), local_(local), peer_(peer), task_(wake, this) {
  link_->ends[end_] = this;
  ++link_->network.open_ends_;
}

MemoryTransport::~MemoryTransport() { close(false); }

void MemoryTransport::connect_later(net::TransportHandler& handler) {
  handler_ = &handler;
  state_ = State::kConnecting;
  link_->network.loop_.post(task_);
}

void MemoryTransport::connect_now() {
  auto& places = link_->network.places_;
  auto place = places.find(peer_.text());
  if (place == places.end()) return fail(net::ConnectFailure::kRefused, ECONNREFUSED);
  if (!place->second.listener) {
    switch (place->second.answer) {
    case Answer::kRefuse: return fail(net::ConnectFailure::kRefused, ECONNREFUSED);
    case Answer::kNoFd: return fail(net::ConnectFailure::kLocal, EMFILE);
    case Answer::kBlackHole: return;
    }
  }
  state_ = State::kOpen;
  ++calls().accepts;
  place->second.listener(std::make_unique<MemoryTransport>(link_, 1, peer_, local_));
  if (handler_ != nullptr) handler_->on_connected();
  look();
}

void MemoryTransport::fail(net::ConnectFailure failure, int os_error) {
  net::TransportHandler* handler = handler_;
  close(false);
  if (handler != nullptr) handler->on_connect_failed({failure, os_error});
}

void MemoryTransport::look() {
  if (can_read() || can_write()) link_->network.loop_.post(task_);
}

// Level-triggered, as epoll: comes again in the next turn for as long as there is something to do.
void MemoryTransport::wake(void* self) {
  auto& transport = *static_cast<MemoryTransport*>(self);
  if (transport.state_ == State::kConnecting) return transport.connect_now();
  KGW_ASSERT(++transport.idle_wakes_ < kSpinning); // the handler neither reads nor pauses: a real loop would spin
  if (transport.can_read()) transport.handler_->on_readable();
  if (transport.can_write()) transport.handler_->on_writable();
  transport.look();
}

void MemoryTransport::set_handler(net::TransportHandler* handler) {
  handler_ = handler;
  look();
}

net::IoResult MemoryTransport::read(std::span<char> into) {
  ++calls().reads;
  if (state_ != State::kOpen) return {net::IoResult::Kind::kError, 0, EBADF};
  idle_wakes_ = 0;
  auto result = in().read(into);
  link_->look();
  return result;
}

net::IoResult MemoryTransport::write(std::span<const char> bytes) {
  ++calls().writes;
  if (state_ != State::kOpen) return {net::IoResult::Kind::kError, 0, EBADF};
  idle_wakes_ = 0;
  auto result = out().write(bytes);
  link_->look();
  return result;
}

void MemoryTransport::pause_reading() {
  if (!paused_) ++calls().pauses;
  paused_ = true;
}

void MemoryTransport::resume_reading() {
  if (paused_) ++calls().resumes;
  paused_ = false;
  look();
}

void MemoryTransport::want_write(bool wanted) {
  if (writing_ != wanted) ++calls().write_interest;
  writing_ = wanted;
  look();
}

void MemoryTransport::shutdown_write() {
  ++calls().shutdowns;
  if (state_ != State::kOpen) return;
  out().finish();
  link_->look();
}

// Closing with bytes unread resets the connection, as TCP does.
void MemoryTransport::close(bool reset) {
  if (state_ == State::kClosed) return;
  ++calls().closes;
  --link_->network.open_ends_;
  state_ = State::kClosed;
  handler_ = nullptr;
  task_.unlink();
  link_->ends[end_] = nullptr;
  in().drop_reader();
  out().finish();
  if (reset || in().unread() > 0)
    link_->reset();
  else
    link_->look();
}

bool MemoryTransport::still_open() {
  ++calls().peeks;
  return state_ == State::kOpen && !in().readable();
}

} // namespace kgw::test
