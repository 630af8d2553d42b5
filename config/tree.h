#pragma once
// A document as a strict tree: every scalar knows how it was written and where it stands. The loaders (YAML with
// yaml-cpp, JSON with nlohmann) both make this, so that one validator serves files and the admin address.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "config/diagnostic.h"

namespace kgw::config {

struct Node {
  enum class Kind : uint8_t { kNull, kBool, kInt, kFloat, kString, kList, kMap };
  Kind kind = Kind::kNull;
  Position at;
  bool quoted = false; // a string written in quotes or as a block
  bool boolean = false;
  int64_t integer = 0;
  std::string text; // scalars: as written
  std::vector<Node> list;
  std::vector<std::pair<std::string, Node>> map{}; // in order of writing, keys unique
  std::vector<Position> key_at;                    // map: where each key stands, same order

  const Node* get(std::string_view key) const; // null when absent or null
  nlohmann::json to_json() const;
};

Node node_from_json(const nlohmann::json& json);

struct Document {
  std::string file;
  Node root;
};

struct ParseLimits {
  size_t bytes = 4 << 20;
  int depth = 64;
  size_t nodes = 1'000'000; // after alias expansion
};

// YAML or JSON text, several documents, `kind: ...List` expanded. A syntax error, a duplicate key, a limit reject the
// whole text: `documents` is empty then and the problem is in `problems`. Merge keys `<<` are expanded as kubectl does.
struct ParsedText {
  std::vector<Document> documents;
  std::vector<Diagnostic> problems;
};
ParsedText parse_text(std::string_view text, const std::string& file, const ParseLimits& limits = {});

} // namespace kgw::config
