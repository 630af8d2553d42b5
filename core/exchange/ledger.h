#pragma once
// The bounded record of one request and its attempts. Fixed size, no allocation; written by the machine where decisions
// are taken and by the driver where bytes are counted.

#include <array>
#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "cluster/endpoint.h"
#include "exchange/choice.h"
#include "exchange/decision.h"
#include "exchange/flags.h"
#include "retry/reason.h"

namespace kgw::exchange {

// A text cut at a fixed size.
template <size_t N> class FixedText {
 public:
  FixedText& operator=(std::string_view text) {
    size_ = static_cast<uint16_t>(text.copy(bytes_, N));
    return *this;
  }
  void append(std::string_view text) { size_ = static_cast<uint16_t>(size_ + text.copy(bytes_ + size_, N - size_)); }
  void replace(char from, char to) {
    for (size_t i = 0; i < size_; ++i) {
      if (bytes_[i] == from) bytes_[i] = to;
    }
  }
  std::string_view view() const { return {bytes_, size_}; }
  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }

 private:
  uint16_t size_ = 0;
  char bytes_[N];
};

struct AttemptRecord {
  Instant start{}, connected{}, first_byte{}, ended{}; // Instant{} (the epoch): did not happen
  uint64_t bytes_sent = 0;                             // request body
  Duration delay = base::kNone;                        // drawn before the next attempt
  uint32_t number = 0;                                 // from 1
  uint16_t status = 0;
  uint16_t port = 0;
  uint8_t ip[16] = {};
  bool v6 = false, has_endpoint = false, reused = false;
  retry::Reason reset = retry::Reason::kNone;
  Decision decision = Decision::kNone;
  Choice choice = Choice::kNone;
};

class Ledger {
 public:
  static constexpr uint32_t kFirst = 8, kLast = 8; // a request with more attempts keeps the first and the last ones

  void open(Instant now) {
    opened = request_ended = now;
    ended = {};
    attempts = 0;
    status = 0;
    flags = {};
    bytes_received = bytes_sent = 0;
    outcome = Decision::kNone;
    details.clear();
  }
  AttemptRecord& begin(uint32_t number, Instant now) {
    attempts = number;
    AttemptRecord& record = at(number);
    record = AttemptRecord{.start = now, .number = number};
    return record;
  }
  AttemptRecord& at(uint32_t number) {
    uint32_t i = number - 1;
    return records_[i < kFirst ? i : kFirst + (i - kFirst) % kLast];
  }
  const AttemptRecord& at(uint32_t number) const { return const_cast<Ledger*>(this)->at(number); }
  // Copies the request's part and the attempts that were begun; unused room is left alone.
  void copy_used(const Ledger& from) {
    uint32_t used = from.attempts < kFirst + kLast ? from.attempts : kFirst + kLast;
    opened = from.opened;
    request_ended = from.request_ended;
    ended = from.ended;
    attempts = from.attempts;
    status = from.status;
    flags = from.flags;
    outcome = from.outcome;
    bytes_received = from.bytes_received;
    bytes_sent = from.bytes_sent;
    details = from.details.view();
    for (uint32_t i = 0; i < used; ++i) records_[i] = from.records_[i];
  }
  // The numbers that are kept: 1..kFirst, then the last kLast.
  bool kept(uint32_t number) const {
    return number >= 1 && number <= attempts && (number <= kFirst || number + kLast > attempts);
  }

  Instant opened{}, request_ended{}, ended{};
  uint32_t attempts = 0; // begun
  uint16_t status = 0;   // sent to the client; 0: none
  Flags flags;
  Decision outcome = Decision::kNone;          // of the request as a whole
  uint64_t bytes_received = 0, bytes_sent = 0; // bodies
  FixedText<160> details;                      // response code details

 private:
  std::array<AttemptRecord, kFirst + kLast> records_;
};

} // namespace kgw::exchange
