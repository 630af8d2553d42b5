#pragma once
// The writing half of a connection. Encoders append to one scratch buffer per worker; a flush is one send; what the
// kernel does not take waits in chunks.

#include "base/buffer.h"
#include "base/intrusive_list.h"
#include "net/transport.h"

namespace kgw::net {

class Output;

// One per worker. At most one Output has bytes in it at a time: another one that opens it flushes the first.
struct OutputScratch {
  base::OutBuffer buffer{size_t{128} * 1024};
  Output* owner = nullptr;
  base::IntrusiveList<Output, Output> gathering; // those that have bytes for the end of the turn
  void flush();
  void end_turn(); // sends what was gathered
};

class Output : public base::ListLink<Output> {
 public:
  Output(Transport& transport, OutputScratch& scratch, base::ChunkPool& chunks)
      : transport_(transport), scratch_(scratch), queue_(chunks) {}
  ~Output() {
    if (scratch_.owner == this) drop_scratch();
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // From now on what is flushed is sent at the end of the turn, all of it in one send: for a connection on which many
  // messages are written in a turn. Much is sent at once.
  void gather() { gathers_ = true; }
  // Where to encode to. Ends with flush(), at the latest at the end of the event that began it.
  base::OutBuffer& open() {
    if (scratch_.owner != this) {
      scratch_.flush();
      scratch_.owner = this;
    }
    return scratch_.buffer;
  }
  void flush();
  void send_now(); // also what was gathered
  // Sends what waits; call from on_writable.
  void write_more();
  // Bytes the kernel has not taken. Those that wait for the end of the turn were not offered to it yet.
  size_t queued() const { return (linked() ? 0 : queue_.size()) + transport_.pending(); }
  bool failed() const { return failed_; } // the transport refused bytes; nothing more is sent
  uint64_t sent() const { return sent_; }

 private:
  static constexpr size_t kMostGathered = size_t{64} * 1024;
  void drop_scratch();
  void put(std::span<const char> bytes);
  void write_gathered();
  void send(std::span<const char> bytes);
  Transport& transport_;
  OutputScratch& scratch_;
  base::ByteQueue queue_;
  uint64_t sent_ = 0;
  bool failed_ = false;
  bool gathers_ = false;
};

} // namespace kgw::net
