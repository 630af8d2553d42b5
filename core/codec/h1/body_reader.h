#pragma once
// The body of one message, its trailer section included, as events.

#include "codec/h1/chunked.h"
#include "codec/h1/framing.h"
#include "codec/h1/head_parser.h"

namespace kgw::codec::h1 {

class BodyReader {
 public:
  // The parser reads trailer sections; it is free between heads.
  BodyReader(HeadParser& parser, const HeadLimits& limits) : parser_(parser), limits_(limits) {}

  // `arena` as HeadParser::begin: where trailers are copied.
  void begin(const Body& body, base::Arena* arena);
  // Trailers that nobody can take any more are read in place and not told.
  void forget_arena();
  bool done() const { return state_ == State::kDone; }
  bool until_close() const { return state_ == State::kUntilClose; }
  // kNeedMore, kData, kEnd, kTrailers or kBad.
  EventKind next(std::span<char>& in, Event& event);

 private:
  enum class State : uint8_t { kLength, kChunks, kTrailers, kUntilClose, kDone };
  EventKind counted(std::span<char>& in, Event& event);
  EventKind chunks(std::span<char>& in, Event& event);
  EventKind trailers(std::span<char>& in, Event& event);
  static EventKind bad(Fault fault, Event& event);

  HeadParser& parser_;
  const HeadLimits& limits_;
  base::Arena* arena_ = nullptr;
  State state_ = State::kDone;
  bool tell_trailers_ = true;
  uint64_t left_ = 0;
  ChunkedDecoder chunked_;
  http::Head trailers_;
};

} // namespace kgw::codec::h1
