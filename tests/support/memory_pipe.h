#pragma once
// One direction of a connection in memory: the bytes that one side writes and the other reads, and what goes wrong on
// the way.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "base/buffer.h"
#include "base/random.h"
#include "net/transport.h"

namespace kgw::test {

inline constexpr uint64_t kNoByte = std::numeric_limits<uint64_t>::max();

struct Faults {
  size_t capacity = 64 * 1024;                            // bytes on the way before write() says kAgain
  size_t read_most = std::numeric_limits<size_t>::max();  // of one read()
  size_t write_most = std::numeric_limits<size_t>::max(); // of one write()
  uint64_t seed = 0;            // not 0: reads and writes are cut at random below that, and one in eight says kAgain
  uint64_t finish_at = kNoByte; // the reader sees the end after this many bytes; what is written beyond is lost
  uint64_t reset_at = kNoByte;  // the reader gets this many bytes, then both sides see a reset
  bool stalled = false;         // nothing arrives
};

class Pipe {
 public:
  explicit Pipe(const Faults& faults) : faults_(faults), random_(faults.seed) { reached(0); }

  net::IoResult write(std::span<const char> bytes);
  net::IoResult read(std::span<char> into);
  void finish() { finished_ = true; } // the writer's FIN
  void reset() { reset_ = true; }     // an error for the reader, after what has arrived
  void drop_reader() { reader_gone_ = true; }
  void stall(bool stalled) { faults_.stalled = stalled; }

  bool readable() const { return reset_ || (!faults_.stalled && (unread() > 0 || finished_)); }
  bool writable() const { return reader_gone_ || ended() || unread() < faults_.capacity; }
  bool has_reset() const { return reset_; }
  bool reader_gone() const { return reader_gone_; }
  size_t unread() const { return buffer_.size() - begin_; }
  uint64_t written() const { return written_; }

 private:
  bool ended() const { return reset_ || written_ >= faults_.finish_at; }
  bool cut(size_t& bytes, size_t most);
  void store(std::span<const char> bytes);
  void reached(uint64_t written);

  Faults faults_;
  base::Random random_;
  base::OutBuffer buffer_;
  size_t begin_ = 0;
  uint64_t written_ = 0;
  bool finished_ = false, reset_ = false, reader_gone_ = false;
};

} // namespace kgw::test
