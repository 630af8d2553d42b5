#include "config/tree.h"

#include <algorithm>
#include <cstdlib>

#include "config/json_loader.h"
#include "config/text_checks.h"
#include "config/yaml_loader.h"

namespace kgw::config {
namespace {

constexpr int kDeepest = 64; // of a tree made from JSON: deeper than any field of any kind

Node from_json(const nlohmann::json& json, int depth);

Node container_from_json(const nlohmann::json& json, int depth) {
  Node node;
  if (depth >= kDeepest) {
    // No field stands this deep, so this is refused or without meaning; recursion must end all the same.
    node.kind = Node::Kind::kString;
    node.text = "(nested too deeply)";
    return node;
  }
  node.kind = json.is_array() ? Node::Kind::kList : Node::Kind::kMap;
  for (auto item = json.begin(); item != json.end(); ++item) {
    Node child = from_json(*item, depth + 1);
    if (json.is_array()) {
      node.list.push_back(std::move(child));
    } else {
      node.map.emplace_back(item.key(), std::move(child));
      node.key_at.emplace_back();
    }
  }
  return node;
}

Node from_json(const nlohmann::json& json, int depth) {
  if (json.is_structured()) return container_from_json(json, depth);
  Node node;
  if (json.is_string()) {
    node.kind = Node::Kind::kString;
    node.quoted = true;
    node.text = json.get<std::string>();
  } else if (json.is_boolean()) {
    node.kind = Node::Kind::kBool;
    node.boolean = json.get<bool>();
    node.text = node.boolean ? "true" : "false";
  } else if (json.is_number()) {
    node = resolve_plain(json.dump(), {});
  }
  return node;
}

nlohmann::json scalar_to_json(const Node& node) {
  switch (node.kind) {
  case Node::Kind::kBool: return node.boolean;
  case Node::Kind::kInt: return node.integer;
  case Node::Kind::kFloat: return std::strtod(node.text.c_str(), nullptr);
  case Node::Kind::kString: return node.text;
  default: return nullptr;
  }
}

bool is_list_kind(const Node& root) {
  const Node* kind = root.get("kind");
  const Node* items = root.get("items");
  if (kind == nullptr || kind->kind != Node::Kind::kString || !kind->text.ends_with("List")) return false;
  // A List without items is an empty one.
  return items == nullptr ? kind->text == "List" : items->kind == Node::Kind::kList;
}

void add_documents(Node root, const std::string& file, std::vector<Document>& documents) {
  if (!is_list_kind(root)) {
    documents.push_back(Document{file, std::move(root)});
    return;
  }
  auto items = std::ranges::find(root.map, "items", &std::pair<std::string, Node>::first);
  if (items == root.map.end()) return;
  for (Node& item : items->second.list) add_documents(std::move(item), file, documents);
}

Loaded load(std::string_view text, const ParseLimits& limits) {
  if (auto problem = check_text(text, limits)) return Loaded{{}, std::move(problem)};
  Loaded loaded = load_yaml(text, limits);
  // JSON is nearly YAML; what differs (tabs, surrogate pairs) the JSON parser takes, though without positions.
  bool json = text.find_first_not_of(" \t\r\n") != std::string_view::npos &&
              (text[text.find_first_not_of(" \t\r\n")] == '{' || text[text.find_first_not_of(" \t\r\n")] == '[');
  if (!loaded.problem || loaded.problem->problem_class != ProblemClass::kSyntax || !json) return loaded;
  Loaded second = load_json(text, limits);
  bool syntax = second.problem && second.problem->problem_class == ProblemClass::kSyntax;
  return syntax ? std::move(loaded) : std::move(second);
}

} // namespace

const Node* Node::get(std::string_view key) const {
  for (const auto& [name, value] : map) {
    if (name == key) return value.kind == Kind::kNull ? nullptr : &value;
  }
  return nullptr;
}

nlohmann::json Node::to_json() const {
  if (kind == Kind::kList) {
    auto result = nlohmann::json::array();
    for (const Node& item : list) result.push_back(item.to_json());
    return result;
  }
  if (kind != Kind::kMap) return scalar_to_json(*this);
  auto result = nlohmann::json::object();
  for (const auto& [name, value] : map) result[name] = value.to_json();
  return result;
}

Node node_from_json(const nlohmann::json& json) { return from_json(json, 0); }

ParsedText parse_text(std::string_view text, const std::string& file, const ParseLimits& limits) {
  ParsedText result;
  Loaded loaded = load(text, limits);
  if (loaded.problem) {
    Diagnostic problem;
    problem.problem_class = loaded.problem->problem_class;
    problem.file = file;
    problem.at = loaded.problem->at;
    problem.text = std::move(loaded.problem->text);
    result.problems.push_back(std::move(problem));
    return result;
  }
  for (Node& root : loaded.roots) add_documents(std::move(root), file, result.documents);
  return result;
}

} // namespace kgw::config
