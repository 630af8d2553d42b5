#pragma once
// The part of a body that waits for the peer's window: first what was left over, then what is being written right now,
// which is copied only if it has to wait.

#include "base/buffer.h"

namespace kgw::codec::h2 {

class Outgoing {
 public:
  void offer(std::span<const char> data) { fresh_ = data; }
  size_t size() const { return kept_.size() - taken_ + fresh_.size(); }
  bool waiting() const { return kept_.size() > taken_; }
  size_t kept() const { return kept_.size() - taken_; }

  void take(size_t bytes, base::OutBuffer& out) {
    size_t old = std::min(bytes, kept());
    out.append(kept_.view().substr(taken_, old));
    taken_ += old;
    if (taken_ == kept_.size()) {
      kept_.clear();
      taken_ = 0;
    }
    out.append({fresh_.data(), bytes - old});
    fresh_ = fresh_.subspan(bytes - old);
  }
  // What was offered and not taken has to wait.
  void keep() {
    if (!fresh_.empty() && taken_ > kept_.size() / 2) {
      kept_.erase_front(taken_);
      taken_ = 0;
    }
    kept_.append({fresh_.data(), fresh_.size()});
    fresh_ = {};
  }

 private:
  base::OutBuffer kept_;
  size_t taken_ = 0;
  std::span<const char> fresh_;
};

} // namespace kgw::codec::h2
