#include "net/output.h"

namespace kgw::net {

void OutputScratch::flush() {
  if (owner != nullptr) owner->flush();
}

void OutputScratch::end_turn() {
  flush();
  while (Output* output = gathering.pop_front()) output->write_more();
}

void Output::drop_scratch() {
  scratch_.buffer.clear();
  scratch_.owner = nullptr;
}

void Output::flush() {
  if (scratch_.owner != this) return;
  std::span<const char> bytes = scratch_.buffer.bytes();
  if (!bytes.empty() && !failed_) put(bytes);
  drop_scratch();
}

void Output::send_now() {
  flush();
  write_gathered();
}

void Output::put(std::span<const char> bytes) {
  bool gather = gathers_ && (queue_.empty() || linked()) && queue_.size() + bytes.size() <= kMostGathered;
  if (gather) {
    if (!linked()) scratch_.gathering.push_back(*this);
    return queue_.append(bytes);
  }
  write_gathered();
  if (!failed_) send(bytes);
}

void Output::write_gathered() {
  if (!linked()) return;
  unlink();
  write_more();
}

void Output::send(std::span<const char> bytes) {
  if (queue_.empty()) {
    IoResult result = transport_.write(bytes);
    if (result.kind == IoResult::Kind::kError) failed_ = true;
    if (result.kind == IoResult::Kind::kBytes) {
      sent_ += result.bytes;
      bytes = bytes.subspan(result.bytes);
    }
  }
  if (bytes.empty() || failed_) return;
  if (queue_.empty()) transport_.want_write(true);
  queue_.append(bytes);
}

void Output::write_more() {
  while (!queue_.empty()) {
    IoResult result = transport_.write(queue_.front());
    if (result.kind == IoResult::Kind::kAgain) return transport_.want_write(true);
    if (result.kind != IoResult::Kind::kBytes) {
      failed_ = true;
      queue_.clear();
      break;
    }
    sent_ += result.bytes;
    bool partial = result.bytes < queue_.front().size();
    queue_.consume(result.bytes);
    if (partial) return transport_.want_write(true);
  }
  transport_.want_write(false);
}

} // namespace kgw::net
