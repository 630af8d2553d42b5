#pragma once
// A head, or a trailer section, out of bytes that may come in any pieces.

#include <memory>
#include <span>

#include "base/arena.h"
#include "codec/h1/fault.h"
#include "codec/h1/field_line.h"
#include "codec/server_codec.h"

namespace kgw::codec::h1 {

// Nothing is consumed before the section is complete, so that an unfinished head is visible to its reader as bytes that
// wait. Progress is kept: complete lines are parsed once, the last incomplete one is only searched for its end, and
// only in the bytes that are new.
class HeadParser {
 public:
  enum class Step : uint8_t { kMore, kDone, kBad };

  explicit HeadParser(const HeadLimits& limits) : limits_(limits) {}

  // With an arena the lines are copied there; without one names are lower-cased in the input, the fields point into it
  // and their array belongs to this parser. `head` is overwritten.
  void begin(Section::Of of, http::Head& head, base::Arena* arena);
  bool started() const { return head_ != nullptr; }
  // `in` starts where it started in the last call. On kDone the section is taken off.
  Step parse(std::span<char>& in);

  const Section& section() const { return section_; }
  Fault fault() const { return fault_; }

 private:
  void follow_input(const char* base);
  char* copy(std::span<const char> lines);
  std::span<char> complete_lines(std::span<char> in);
  Step parse_lines(char* text, size_t bytes, const char* readable, size_t& used);
  Fault parse_first_line(char*& at, const char* end);
  Fault parse_field(char*& at, const char* end);
  Step incomplete(size_t bytes);
  void grow();
  Step finish(std::span<char>& in);
  Step bad(Fault fault);

  const HeadLimits limits_;
  http::Head* head_ = nullptr;
  base::Arena* arena_ = nullptr;
  std::unique_ptr<http::Field[]> own_;
  uint16_t own_capacity_ = 0;
  uint32_t field_lines_ = 0;   // those that were not kept included
  bool first_line_ = false;    // still to come
  bool text_is_last_ = false;  // the copied text is the arena's newest allocation: its unused tail can be given back
  uint32_t line_ = 0;          // offset of the first line that is not parsed
  uint32_t searched_ = 0;      // offset up to which no end of that line was found
  const char* base_ = nullptr; // where the input was in the last call
  Section section_;
  Fault fault_{};
};

} // namespace kgw::codec::h1
