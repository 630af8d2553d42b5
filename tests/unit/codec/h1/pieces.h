#pragma once
// Feeds a codec with a message in pieces, as a connection would: what is left over is presented again, at another
// address.

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "codec/h1/h1.h"

namespace kgw::codec::h1::test {

// What a codec told, as text: heads as "METHOD|authority|path|name=value;...", data joined.
struct Told {
  std::vector<std::string> heads; // responses: "status|name=value;..."
  std::string order;              // which body belongs to which head: "head length 3,data 3,end,"
  size_t data = 0;                // bytes of the body that is being told
  std::vector<std::string> informs;
  std::string body;
  std::vector<std::string> trailers;
  int ends = 0;
  uint16_t bad = 0;
  std::string reason;
  size_t left = 0; // bytes that were not consumed

  bool operator==(const Told&) const = default;
};

inline std::string fields_text(const http::Head& head) {
  std::string text;
  for (const http::Field& field : head.all()) {
    if (field.removed()) continue;
    text.append(field.name_view()).append("=").append(field.value_view()).append(";");
  }
  return text;
}

inline std::string head_text(const http::Head& head) {
  if (head.status != 0) return std::to_string(head.status) + "|" + fields_text(head);
  std::string text(head.method);
  text.append("|").append(head.authority).append("|").append(head.path).append("|");
  return text + fields_text(head);
}

class Arenas final : public ArenaSource {
 public:
  base::Arena& request_arena(StreamId) override {
    ++asked;
    return arenas_.emplace_back();
  }
  int asked = 0;

 private:
  std::deque<base::Arena> arenas_;
};

// Lives on the heap at its exact size, so that a sanitizer sees every byte read too far.
class Input {
 public:
  void add(std::string_view bytes) {
    std::vector<char> moved(left_.begin(), left_.end());
    moved.insert(moved.end(), bytes.begin(), bytes.end());
    bytes_ = std::move(moved);
    bytes_.shrink_to_fit();
    left_ = bytes_;
  }
  std::span<char>& left() { return left_; }

 private:
  std::vector<char> bytes_;
  std::span<char> left_;
};

inline std::string framing_text(const http::Head& head) {
  switch (head.framing) {
  case http::Framing::kNone: return "none";
  case http::Framing::kLength: return "length " + std::to_string(head.content_length);
  case http::Framing::kChunked: return "chunked";
  case http::Framing::kUntilClose: return "until close";
  }
  return {};
}

inline void note_order(Told& told, EventKind kind, const Event& event) {
  bool end = event.end || kind == EventKind::kEnd || kind == EventKind::kTrailers;
  told.data += event.data.size();
  if (told.data > 0 && (end || kind != EventKind::kData)) {
    told.order += "data " + std::to_string(told.data) + ",";
    told.data = 0;
  }
  if (kind == EventKind::kInform) told.order += "inform,";
  if (kind == EventKind::kHead) told.order += "head " + framing_text(*event.head) + ",";
  if (kind == EventKind::kTrailers) told.order += "trailers,";
  if (end) told.order += "end,";
}

inline void note(Told& told, EventKind kind, const Event& event) {
  note_order(told, kind, event);
  switch (kind) {
  case EventKind::kHead: told.heads.push_back(head_text(*event.head)); break;
  case EventKind::kInform: told.informs.push_back(head_text(*event.head)); break;
  case EventKind::kData: told.body.append(event.data.data(), event.data.size()); break;
  case EventKind::kTrailers: told.trailers.push_back(fields_text(*event.head)); break;
  case EventKind::kBad:
    told.bad = event.status;
    told.reason = event.reason;
    break;
  default: break;
  }
  if (event.end || kind == EventKind::kEnd || kind == EventKind::kTrailers) ++told.ends;
}

// False once the codec refused.
template <typename Codec, typename AfterEvent> bool drain(Codec& codec, Input& input, Told& told, AfterEvent after) {
  while (true) {
    Event event;
    EventKind kind = codec.next(input.left(), event);
    if (kind == EventKind::kNeedMore) return true;
    note(told, kind, event);
    if (kind == EventKind::kBad) return false;
    after(kind, event);
  }
}

template <typename Codec, typename AfterEvent>
Told feed(Codec& codec, const std::vector<std::string_view>& pieces, AfterEvent after) {
  Told told;
  Input input;
  for (std::string_view piece : pieces) {
    input.add(piece);
    if (!drain(codec, input, told, after)) break;
  }
  told.left = told.bad != 0 ? 0 : input.left().size();
  return told;
}

// Whole, byte by byte, and cut in two at each position: each way must tell the same.
inline std::vector<std::vector<std::string_view>> ways(std::string_view text) {
  std::vector<std::vector<std::string_view>> all{{text}, {}};
  for (size_t i = 0; i < text.size(); ++i) all[1].push_back(text.substr(i, 1));
  for (size_t cut = 1; cut < text.size(); ++cut) all.push_back({text.substr(0, cut), text.substr(cut)});
  return all;
}

} // namespace kgw::codec::h1::test
