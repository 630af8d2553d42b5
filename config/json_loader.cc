#include "config/json_loader.h"

#include <set>
#include <string>

#include <fmt/format.h>

namespace kgw::config {
namespace {

using Json = nlohmann::json;

// Watches the parse: nlohmann keeps the last of two equal keys without a word and has no limits.
struct Watch {
  const ParseLimits& limits;
  std::vector<std::set<std::string>> keys{};
  size_t nodes = 0;
  std::optional<LoadProblem> problem{};

  bool event(int depth, Json::parse_event_t what, const Json& value) {
    if (problem) return false;
    if (++nodes > limits.nodes)
      stop(ProblemClass::kTooMany, fmt::format("too many: got more values; need at most {}", limits.nodes));
    if (depth > limits.depth)
      stop(ProblemClass::kTooMany, fmt::format("too many: got a deeper nesting; need at most {} levels", limits.depth));
    if (what == Json::parse_event_t::object_start) keys.emplace_back();
    if (what == Json::parse_event_t::object_end) keys.pop_back();
    if (what == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      stop(ProblemClass::kDuplicate, fmt::format("duplicate field: got {} twice; need each field once", value.dump()));
    }
    return !problem;
  }
  void stop(ProblemClass problem_class, std::string text) { problem = LoadProblem{problem_class, {}, std::move(text)}; }
};

} // namespace

Loaded load_json(std::string_view text, const ParseLimits& limits) {
  Watch watch{limits};
  auto callback = [&](int depth, Json::parse_event_t what, Json& value) { return watch.event(depth, what, value); };
  Json json = Json::parse(text, callback, /*allow_exceptions=*/false);
  Loaded result;
  result.problem = std::move(watch.problem);
  if (!result.problem && json.is_discarded())
    result.problem = LoadProblem{ProblemClass::kSyntax, {}, "syntax error: no JSON"};
  if (!result.problem && !json.is_null()) result.roots.push_back(node_from_json(json));
  return result;
}

} // namespace kgw::config
