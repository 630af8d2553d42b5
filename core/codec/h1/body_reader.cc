#include "codec/h1/body_reader.h"

#include <algorithm>

namespace kgw::codec::h1 {

void BodyReader::begin(const Body& body, base::Arena* arena) {
  arena_ = arena;
  tell_trailers_ = true;
  left_ = static_cast<uint64_t>(body.length);
  switch (body.framing) {
  case http::Framing::kNone: state_ = State::kDone; break;
  case http::Framing::kLength: state_ = left_ == 0 ? State::kDone : State::kLength; break;
  case http::Framing::kChunked:
    state_ = State::kChunks;
    chunked_.begin(limits_.chunk_line_bytes);
    break;
  case http::Framing::kUntilClose: state_ = State::kUntilClose; break;
  }
}

void BodyReader::forget_arena() {
  arena_ = nullptr;
  tell_trailers_ = false;
  if (state_ == State::kTrailers)
    parser_.begin(Section::Of::kTrailers, trailers_, nullptr); // nothing of it is consumed yet
}

EventKind BodyReader::next(std::span<char>& in, Event& event) {
  event = {.user = event.user};
  if (in.empty()) return EventKind::kNeedMore;
  switch (state_) {
  case State::kLength:
  case State::kUntilClose: return counted(in, event);
  case State::kChunks: return chunks(in, event);
  case State::kTrailers: return trailers(in, event);
  case State::kDone: break;
  }
  return EventKind::kNeedMore;
}

EventKind BodyReader::counted(std::span<char>& in, Event& event) {
  size_t bytes = in.size();
  if (state_ == State::kLength) {
    bytes = static_cast<size_t>(std::min<uint64_t>(left_, bytes));
    left_ -= bytes;
    event.end = left_ == 0;
    if (event.end) state_ = State::kDone;
  }
  event.data = in.first(bytes);
  in = in.subspan(bytes);
  return event.kind = EventKind::kData;
}

EventKind BodyReader::chunks(std::span<char>& in, Event& event) {
  switch (chunked_.next(in, event.data)) {
  case ChunkedDecoder::Step::kMore: return EventKind::kNeedMore;
  case ChunkedDecoder::Step::kData: return event.kind = EventKind::kData;
  case ChunkedDecoder::Step::kBad: return bad(chunked_.fault(), event);
  case ChunkedDecoder::Step::kLast: break;
  }
  state_ = State::kTrailers;
  parser_.begin(Section::Of::kTrailers, trailers_, arena_);
  return trailers(in, event);
}

EventKind BodyReader::trailers(std::span<char>& in, Event& event) {
  switch (parser_.parse(in)) {
  case HeadParser::Step::kMore: return EventKind::kNeedMore;
  case HeadParser::Step::kBad: return bad(parser_.fault(), event);
  case HeadParser::Step::kDone: break;
  }
  state_ = State::kDone;
  if (trailers_.count == 0 || !tell_trailers_) return event.kind = EventKind::kEnd;
  event.head = &trailers_;
  return event.kind = EventKind::kTrailers;
}

// Trailers that are too large are a bad body, not a large head.
EventKind BodyReader::bad(Fault fault, Event& event) {
  event.status = 400;
  event.reason = fault.reason;
  return event.kind = EventKind::kBad;
}

} // namespace kgw::codec::h1
