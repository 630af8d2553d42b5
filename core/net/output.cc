#include "net/output.h"

namespace kgw::net {

void OutputScratch::flush() {
  if (owner != nullptr) owner->flush();
}

void Output::drop_scratch() {
  scratch_.buffer.clear();
  scratch_.owner = nullptr;
}

void Output::flush() {
  if (scratch_.owner != this) return;
  std::span<const char> bytes = scratch_.buffer.bytes();
  if (!bytes.empty() && !failed_) {
    if (queue_.empty()) {
      IoResult result = transport_.write(bytes);
      if (result.kind == IoResult::Kind::kError) failed_ = true;
      if (result.kind == IoResult::Kind::kBytes) {
        sent_ += result.bytes;
        bytes = bytes.subspan(result.bytes);
      }
    }
    if (!bytes.empty() && !failed_) {
      if (queue_.empty()) transport_.want_write(true);
      queue_.append(bytes);
    }
  }
  drop_scratch();
}

void Output::write_more() {
  while (!queue_.empty()) {
    IoResult result = transport_.write(queue_.front());
    if (result.kind == IoResult::Kind::kAgain) return;
    if (result.kind != IoResult::Kind::kBytes) {
      failed_ = true;
      queue_.clear();
      break;
    }
    sent_ += result.bytes;
    bool partial = result.bytes < queue_.front().size();
    queue_.consume(result.bytes);
    if (partial) return;
  }
  transport_.want_write(false);
}

} // namespace kgw::net
