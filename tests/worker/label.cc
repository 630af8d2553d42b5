#include "worker/label.h"

#include <fmt/format.h>

namespace kgw::test {

std::string Label::content() const {
  std::string text(bytes, ' ');
  uint64_t state = salt;
  for (char& byte : text) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>('a' + (state >> 59)); // 32 of them, none a CR or LF
  }
  return text;
}

H2Fields Label::fields() const {
  return {{"x-id", id},
          {"x-salt", std::to_string(salt)},
          {"x-bytes", std::to_string(bytes)},
          {"x-trailers", trailers ? "1" : "0"}};
}

H2Fields Label::trailer_fields() const {
  return trailers ? H2Fields{{"x-last", id + "/" + std::to_string(salt)}} : H2Fields{};
}

std::string wrong_with(std::string_view id, const FieldOf& head, std::string_view body, const FieldOf& trailers,
                       bool whole) {
  Label label{
      .id = head("x-id"), .salt = std::stoull("0" + head("x-salt")), .bytes = std::stoul("0" + head("x-bytes"))};
  label.trailers = head("x-trailers") == "1";
  if (label.id != id) return fmt::format("{} got what belongs to {}\n", id, label.id);
  std::string content = label.content();
  if (!content.starts_with(body)) return fmt::format("{}: other bytes\n", id);
  if (!whole) return "";
  if (content.size() != body.size())
    return fmt::format("{}: {} bytes of {}, and an end\n", id, body.size(), label.bytes);
  std::string last = label.trailers ? label.trailer_fields().front().second : "";
  return trailers("x-last") == last ? "" : fmt::format("{}: trailers {}, not {}\n", id, trailers("x-last"), last);
}

} // namespace kgw::test
