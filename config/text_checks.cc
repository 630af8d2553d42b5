#include "config/text_checks.h"

#include <fmt/format.h>

#include "base/text.h"

namespace kgw::config {
namespace {

// Length of the UTF-8 sequence at the start of `text`; 0 when it is malformed (overlong forms and surrogates included).
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  unsigned second = byte(1);
  bool bad = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
             (lead == 0xF4 && second > 0x8F);
  return bad ? 0 : length;
}

// yaml-cpp would end the text silently at a byte 4, and ill-formed UTF-8 cannot leave again as JSON.
std::optional<LoadProblem> check_bytes(std::string_view text) {
  Position at{1, 1};
  for (size_t i = 0; i < text.size();) {
    size_t length = utf8_length(text.substr(i));
    unsigned char c = static_cast<unsigned char>(text[i]);
    bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
    if (length == 0 || control) {
      return LoadProblem{ProblemClass::kSyntax, at,
                         fmt::format("syntax error: got the byte 0x{:02x}; need {}", c,
                                     control ? "text without control characters" : "well-formed UTF-8")};
    }
    at = c == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + static_cast<int>(length)};
    i += length;
  }
  return std::nullopt;
}

struct FirstLine {
  std::string_view text;
  int line = 1;
};
FirstLine first_line(std::string_view text) {
  FirstLine result;
  while (!text.empty()) {
    size_t end = text.find('\n');
    result.text = base::trim(text.substr(0, end));
    if (result.text.ends_with('\r')) result.text.remove_suffix(1);
    bool comment = result.text.starts_with('#') && !result.text.starts_with("#!");
    if (!result.text.empty() && !comment && result.text != "---") return result;
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
    ++result.line;
  }
  return {};
}

std::optional<LoadProblem> check_wrapper(std::string_view text) {
  FirstLine first = first_line(text);
  auto starts = [&](std::string_view prefix) { return first.text.starts_with(prefix); };
  bool here_document =
      first.text.find("<<EOF") != std::string_view::npos || first.text.find("<< EOF") != std::string_view::npos ||
      first.text.find("<<'EOF'") != std::string_view::npos || first.text.find("<<-EOF") != std::string_view::npos;
  const char* what = nullptr;
  if (starts("kubectl ") || starts("kgwcore ") || starts("cat ") || starts("$ ") || starts("#!") || here_document) {
    what = "a shell command; need YAML (give only what stands between <<EOF and EOF)";
  } else if (starts("{{")) {
    what = "a template directive; need YAML (render the template first, or remove the {{ }} lines)";
  } else if (starts("```")) {
    what = "a Markdown fence; need YAML (give only what stands between the fences)";
  } else if (starts("<!DOCTYPE") || starts("<html")) {
    what = "an HTML page; need YAML";
  }
  if (what == nullptr) return std::nullopt;
  return LoadProblem{ProblemClass::kSyntax, {first.line, 1}, std::string("syntax error: got ") + what};
}

} // namespace

std::optional<LoadProblem> check_text(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.bytes) {
    return LoadProblem{ProblemClass::kTooLong,
                       {1, 1},
                       fmt::format("too long: got {} bytes; need at most {}", text.size(), limits.bytes)};
  }
  auto problem = check_bytes(text);
  return problem ? problem : check_wrapper(text);
}

} // namespace kgw::config
