#include "config/yaml_loader.h"

#include <algorithm>
#include <istream>
#include <streambuf>

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "config/yaml_builder.h"

namespace kgw::config {
namespace {

// Reads the caller's bytes without a copy.
struct ViewBuffer : std::streambuf {
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

// Lines (from 1) that begin with a document marker.
std::vector<int> marker_lines(std::string_view text) {
  std::vector<int> lines;
  int line = 1;
  for (size_t at = 0; at < text.size(); ++line) {
    std::string_view rest = text.substr(at);
    if (rest.starts_with("---") || rest.starts_with("...")) lines.push_back(line);
    size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;
    at += end + 1;
  }
  return lines;
}

// yaml-cpp takes what follows a complete value for the next document; without a marker in between it is a slip.
void check_markers(const std::vector<Position>& starts, std::string_view text) {
  if (starts.size() < 2) return;
  std::vector<int> markers = marker_lines(text);
  for (size_t i = 1; i < starts.size(); ++i) {
    auto next = std::ranges::upper_bound(markers, starts[i - 1].line);
    if (next != markers.end() && *next <= starts[i].line) continue;
    refuse(ProblemClass::kSyntax, starts[i],
           "syntax error: text after the end of the document; need --- before the next one");
  }
}

// yaml-cpp accepts a quote that is still open at the end of the text.
void check_last_quote(const YAML::Mark& mark, std::string_view text) {
  if (mark.is_null() || static_cast<size_t>(mark.pos) >= text.size()) return;
  char quote = text[static_cast<size_t>(mark.pos)];
  if (quote != '"' && quote != '\'') return;
  for (size_t i = static_cast<size_t>(mark.pos) + 1; i < text.size(); ++i) {
    if (text[i] == quote) return;
    if (text[i] == '\\' && quote == '"') ++i;
  }
  refuse(ProblemClass::kSyntax, position(mark), "syntax error: this quote is never closed");
}

} // namespace

Loaded load_yaml(std::string_view text, const ParseLimits& limits) {
  Loaded result;
  Builder builder(limits);
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    check_markers(builder.starts, text);
    check_last_quote(builder.last_quoted, text);
    result.roots = std::move(builder.roots);
    std::erase_if(result.roots, [](const Node& root) { return root.kind == Node::Kind::kNull; });
  } catch (const Refused& refused) {
    result.problem = refused.problem;
  } catch (const YAML::Exception& error) {
    result.problem = LoadProblem{ProblemClass::kSyntax, position(error.mark), "syntax error: " + error.msg};
  }
  return result;
}

} // namespace kgw::config
