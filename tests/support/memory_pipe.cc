#include "support/memory_pipe.h"

#include <algorithm>
#include <cerrno>

namespace kgw::test {

using Kind = net::IoResult::Kind;

// Returns false when this call is to say kAgain.
bool Pipe::cut(size_t& bytes, size_t most) {
  bytes = std::min(bytes, most);
  if (faults_.seed == 0 || bytes == 0) return true;
  if (random_.below(8) == 0) return false;
  bytes = 1 + random_.below(bytes);
  return true;
}

void Pipe::reached(uint64_t written) {
  written_ = written;
  if (written_ >= faults_.reset_at) reset_ = true;
  if (written_ >= faults_.finish_at) finished_ = true;
}

void Pipe::store(std::span<const char> bytes) {
  uint64_t end = std::min(faults_.reset_at, faults_.finish_at);
  uint64_t left = end > written_ ? end - written_ : 0;
  size_t kept = static_cast<size_t>(std::min<uint64_t>(bytes.size(), left));
  if (begin_ > buffer_.size() / 2) {
    buffer_.erase_front(begin_);
    begin_ = 0;
  }
  buffer_.append({bytes.data(), kept});
  reached(written_ + bytes.size());
}

// A reader that has closed still takes one write, as TCP does: its answer to that is the reset.
net::IoResult Pipe::write(std::span<const char> bytes) {
  if (reset_) return {Kind::kError, 0, EPIPE};
  size_t room = ended() || reader_gone_ ? bytes.size() : faults_.capacity - std::min(faults_.capacity, unread());
  size_t taken = std::min(bytes.size(), room);
  if (!bytes.empty() && (taken == 0 || !cut(taken, faults_.write_most))) return {Kind::kAgain};
  if (reader_gone_)
    reset_ = true;
  else
    store(bytes.first(taken));
  return {Kind::kBytes, taken};
}

net::IoResult Pipe::read(std::span<char> into) {
  if (!faults_.stalled && unread() > 0) {
    size_t taken = std::min(into.size(), unread());
    if (!cut(taken, faults_.read_most)) return {Kind::kAgain};
    std::copy_n(buffer_.view().begin() + static_cast<std::ptrdiff_t>(begin_), taken, into.begin());
    begin_ += taken;
    if (unread() == 0) {
      buffer_.clear();
      begin_ = 0;
    }
    return {Kind::kBytes, taken};
  }
  if (reset_) return {Kind::kError, 0, ECONNRESET};
  return {!faults_.stalled && finished_ ? Kind::kEof : Kind::kAgain};
}

} // namespace kgw::test
