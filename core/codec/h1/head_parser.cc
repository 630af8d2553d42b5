#include "codec/h1/head_parser.h"

#include <algorithm>
#include <cstring>

#include "codec/h1/start_line.h"

namespace kgw::codec::h1 {
namespace {

// How much is copied at once: a usual head, and little of the body that may follow in the same read.
constexpr size_t kWindowBytes = 1024;
constexpr uint16_t kUsualFields = 24;
// Readable bytes behind a copy, so that scans of the last lines need no byte by byte tail.
constexpr size_t kSlackBytes = 16;

} // namespace

void HeadParser::begin(Section::Of of, http::Head& head, base::Arena* arena) {
  head = {};
  head_ = &head;
  arena_ = arena;
  field_lines_ = 0;
  first_line_ = of != Section::Of::kTrailers;
  text_is_last_ = false;
  line_ = searched_ = 0;
  base_ = nullptr;
  section_ = {.of = of};
  fault_ = {};
  if (arena == nullptr) {
    head.fields = own_.get();
    head.capacity = own_capacity_;
  } else if (first_line_) {
    head.fields = arena->array<http::Field>(kUsualFields);
    head.capacity = kUsualFields;
  }
}

HeadParser::Step HeadParser::parse(std::span<char>& in) {
  if (fault_) return Step::kBad;
  if (arena_ == nullptr) follow_input(in.data());
  while (true) {
    std::span<char> lines = complete_lines(in);
    if (lines.empty()) return incomplete(in.size());
    char* text = lines.data();
    const char* readable = in.data() + in.size();
    if (arena_ != nullptr) {
      text = copy(lines);
      readable = text + lines.size() + kSlackBytes;
    }
    size_t used = 0;
    Step step = parse_lines(text, lines.size(), readable, used);
    line_ += static_cast<uint32_t>(used);
    searched_ = line_;
    if (step == Step::kBad) return step;
    if (step == Step::kDone) {
      if (text_is_last_) arena_->shrink_last(text + used);
      return finish(in);
    }
  }
}

char* HeadParser::copy(std::span<const char> lines) {
  auto* text = static_cast<char*>(arena_->allocate(lines.size() + kSlackBytes, 1));
  std::memcpy(text, lines.data(), lines.size());
  std::memset(text + lines.size(), 0, kSlackBytes);
  text_is_last_ = true;
  return text;
}

// The reader moves what waits when more comes; fields that point into it move along.
void HeadParser::follow_input(const char* base) {
  if (base_ != nullptr && base != base_) {
    for (http::Field& field : head_->all()) {
      field.name = base + (field.name - base_);
      field.value = base + (field.value - base_);
    }
  }
  base_ = base;
}

// What is not parsed yet, as far as it ends with LF; empty if no line is complete.
std::span<char> HeadParser::complete_lines(std::span<char> in) {
  size_t window = std::min<size_t>(in.size(), line_ + kWindowBytes);
  const void* found = nullptr;
  if (window > searched_) found = memrchr(in.data() + searched_, '\n', window - searched_);
  size_t from = std::max<size_t>(window, searched_);
  if (found == nullptr && in.size() > from) found = std::memchr(in.data() + from, '\n', in.size() - from);
  if (found == nullptr) {
    searched_ = static_cast<uint32_t>(std::min<size_t>(in.size(), UINT32_MAX));
    return {};
  }
  return in.subspan(line_, static_cast<size_t>(static_cast<const char*>(found) - in.data()) + 1 - line_);
}

HeadParser::Step HeadParser::parse_lines(char* text, size_t bytes, const char* readable, size_t& used) {
  const char* end = text + bytes;
  char* at = text;
  size_t room = limits_.head_bytes - line_;
  const char* limit = room < bytes ? text + room : end;
  if (first_line_) {
    if (Fault fault = parse_first_line(at, readable)) return bad(fault);
    if (at > limit) return bad({431, "http1.headers_too_large"});
  }
  Step step = Step::kMore;
  while (at < end && step == Step::kMore) {
    if (*at == '\r') {
      if (at[1] != '\n') return bad({400, "http1.bare_cr"});
      at += 2;
      step = Step::kDone;
    } else if (Fault fault = parse_field(at, readable)) {
      return bad(fault);
    }
    if (at > limit) return bad({431, "http1.headers_too_large"});
  }
  used = static_cast<size_t>(at - text);
  return step;
}

Fault HeadParser::parse_first_line(char*& at, const char* end) {
  first_line_ = false;
  if (section_.of == Section::Of::kResponse) return parse_status_line(at, end, *head_);
  const char* line = at;
  if (Fault fault = parse_request_line(at, end, limits_.accept_http_1_0, *head_, *arena_)) return fault;
  if (!head_->authority.empty()) text_is_last_ = false; // the path of an absolute target may lie behind the text
  size_t most = std::min<size_t>(size_t{limits_.line_bytes} + 2, limits_.head_bytes);
  if (static_cast<size_t>(at - line) > most) return {414, "http1.request_line_too_long"};
  return {};
}

inline Fault HeadParser::parse_field(char*& at, const char* end) {
  http::Head& head = *head_;
  if (++field_lines_ > limits_.field_count) return {431, "http1.too_many_headers"};
  if (head.count == head.capacity) grow();
  http::Field& field = head.fields[head.count];
  bool plain;
  if (Fault fault = parse_field_line(at, end, field, plain)) return fault;
  if (!plain || has_meaning(field.token) || section_.of == Section::Of::kTrailers) {
    Fault fault;
    if (!interpret(field, head, section_, fault) || fault) return fault;
  }
  ++head.count;
  head.present |= http::token_bit(field.token) & ~http::token_bit(http::Token::kOther);
  return {};
}

void HeadParser::grow() {
  http::Head& head = *head_;
  auto wanted = std::max<size_t>(kUsualFields, std::min<size_t>(head.capacity * size_t{2}, limits_.field_count));
  http::Field* grown;
  std::unique_ptr<http::Field[]> mine;
  if (arena_ != nullptr) {
    grown = arena_->array<http::Field>(wanted);
    text_is_last_ = false;
  } else {
    mine = std::make_unique_for_overwrite<http::Field[]>(wanted);
    grown = mine.get();
  }
  std::copy_n(head.fields, head.count, grown);
  head.fields = grown;
  head.capacity = static_cast<uint16_t>(wanted);
  if (arena_ != nullptr) return;
  own_ = std::move(mine);
  own_capacity_ = head.capacity;
}

HeadParser::Step HeadParser::incomplete(size_t bytes) {
  size_t line_limit = std::min<size_t>(size_t{limits_.line_bytes} + 1, limits_.head_bytes);
  if (first_line_ && section_.of == Section::Of::kRequest && bytes > line_limit)
    return bad({414, "http1.request_line_too_long"});
  if (bytes > limits_.head_bytes) return bad({431, "http1.headers_too_large"});
  return Step::kMore;
}

HeadParser::Step HeadParser::finish(std::span<char>& in) {
  in = in.subspan(line_);
  head_ = nullptr;
  return Step::kDone;
}

HeadParser::Step HeadParser::bad(Fault fault) {
  fault_ = fault;
  return Step::kBad;
}

} // namespace kgw::codec::h1
