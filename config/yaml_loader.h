#pragma once
// YAML text to strict trees. The only user of yaml-cpp; its exceptions end in the .cc file. What that library would let
// pass is caught here: duplicate keys, unexpanded merge keys, documents that start without a marker, unbounded aliases.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/tree.h"

namespace kgw::config {

struct LoadProblem {
  ProblemClass problem_class = ProblemClass::kSyntax;
  Position at;
  std::string text;
};

struct Loaded {
  std::vector<Node> roots;            // one a document, empty ones left out
  std::optional<LoadProblem> problem; // then roots are of no use
};
Loaded load_yaml(std::string_view text, const ParseLimits& limits);

// A plain scalar as kubectl reads it (YAML 1.1): null, booleans with yes/no/on/off, integers in four bases, floats,
// else text.
Node resolve_plain(std::string text, Position at);

} // namespace kgw::config
