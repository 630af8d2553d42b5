#include "config/yaml_builder.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace kgw::config {
namespace {

// What a scalar costs against ParseLimits::nodes: long text counts too, so that aliases cannot multiply it.
size_t cost_of_text(const std::string& text) { return 1 + text.size() / 64; }

[[noreturn]] void refuse_tag(Position at, const std::string& tag) {
  refuse(ProblemClass::kSyntax, at, fmt::format("syntax error: got the tag {}; need a value without a tag", tag));
}

Node scalar(Position at, const std::string& tag, const std::string& value) {
  const bool plain = tag == "?" || tag.empty() || tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float" ||
                     tag == "tag:yaml.org,2002:bool";
  if (plain) return resolve_plain(value, at);
  if (tag != "!" && tag != "tag:yaml.org,2002:str") refuse_tag(at, tag);
  Node node;
  node.kind = Node::Kind::kString;
  node.at = at;
  node.quoted = true;
  node.text = value;
  return node;
}

void check_key(const Node& key) {
  if (key.kind == Node::Kind::kList || key.kind == Node::Kind::kMap || key.kind == Node::Kind::kNull) {
    refuse(ProblemClass::kSyntax, key.at, "syntax error: got a key that is no text; need a text key");
  }
}

} // namespace

void refuse(ProblemClass problem_class, Position at, std::string text) {
  throw Refused({problem_class, at, std::move(text)});
}

Position position(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

void Builder::OnDocumentStart(const YAML::Mark& mark) {
  starts.push_back(position(mark));
  anchors_.clear();
}

void Builder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  Node node;
  node.at = position(mark);
  add_scalar(std::move(node), anchor);
}

void Builder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       const std::string& value) {
  if (tag == "!") last_quoted = mark;
  add_scalar(scalar(position(mark), tag, value), anchor);
}

void Builder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  auto found = anchors_.find(anchor);
  if (found == anchors_.end()) {
    refuse(ProblemClass::kSyntax, position(mark), "syntax error: an alias inside its own anchor");
  }
  grow(found->second.cost, position(mark));
  int depth = static_cast<int>(open_.size()) + found->second.depth;
  if (depth > limits_.depth) too_deep(position(mark));
  deepest_ = std::max(deepest_, depth);
  place(found->second.node);
}

void Builder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                              YAML::EmitterStyle::value) {
  start(Node::Kind::kList, position(mark), tag, anchor);
}

void Builder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) {
  start(Node::Kind::kMap, position(mark), tag, anchor);
}

void Builder::too_deep(Position at) const {
  refuse(ProblemClass::kTooMany, at,
         fmt::format("too many: got a deeper nesting; need at most {} levels", limits_.depth));
}

void Builder::charge(size_t cost, Position at) {
  cost_ += cost;
  if (cost_ <= limits_.nodes) return;
  refuse(ProblemClass::kTooMany, at,
         fmt::format("too many: got more values; need at most {}, aliases expanded", limits_.nodes));
}

void Builder::grow(size_t cost, Position at) {
  size_ += cost;
  charge(cost, at);
}

// The copy is charged as well: nested anchors would multiply it otherwise.
void Builder::remember(YAML::anchor_t anchor, const Node& node, size_t cost, int depth) {
  if (anchor == 0) return;
  charge(cost, node.at);
  anchors_.insert_or_assign(anchor, Anchored{node, cost, depth});
}

void Builder::add_scalar(Node node, YAML::anchor_t anchor) {
  size_t cost = cost_of_text(node.text);
  grow(cost, node.at);
  remember(anchor, node, cost, 0);
  place(std::move(node));
}

void Builder::start(Node::Kind kind, Position at, const std::string& tag, YAML::anchor_t anchor) {
  if (tag.size() > 1 && tag != "tag:yaml.org,2002:map" && tag != "tag:yaml.org,2002:seq") refuse_tag(at, tag);
  if (open_.size() >= static_cast<size_t>(limits_.depth)) too_deep(at);
  Node node;
  node.kind = kind;
  node.at = at;
  open_.push_back(Open{std::move(node), anchor, size_, deepest_});
  deepest_ = static_cast<int>(open_.size());
  grow(1, at);
}

void Builder::finish() {
  Open done = std::move(open_.back());
  open_.pop_back();
  for (Node& merge : done.merges) expand(done, std::move(merge));
  remember(done.anchor, done.node, size_ - done.size_before, deepest_ - static_cast<int>(open_.size()));
  deepest_ = std::max(deepest_, done.deepest_before);
  place(std::move(done.node));
}

// A merge key adds what the map does not have itself; of several merged maps the first one wins.
void Builder::expand(Open& into, Node merge) {
  for (size_t i = 0; i < merge.map.size(); ++i) {
    if (!into.keys.insert(merge.map[i].first).second) continue;
    into.node.key_at.push_back(merge.key_at[i]);
    into.node.map.push_back(std::move(merge.map[i]));
  }
}

void Builder::place(Node node) {
  if (open_.empty()) {
    roots.push_back(std::move(node));
  } else if (Open& top = open_.back(); top.node.kind == Node::Kind::kList) {
    top.node.list.push_back(std::move(node));
  } else if (top.has_key) {
    take_value(top, std::move(node));
  } else {
    check_key(node);
    top.key = std::move(node);
    top.has_key = true;
  }
}

void Builder::take_value(Open& map, Node value) {
  map.has_key = false;
  if (map.key.text == "<<" && !map.key.quoted) return take_merge(map, std::move(value));
  if (!map.keys.insert(map.key.text).second) {
    refuse(ProblemClass::kDuplicate, map.key.at,
           fmt::format("duplicate field: got \"{}\" twice; need each field once", map.key.text));
  }
  map.node.key_at.push_back(map.key.at);
  map.node.map.emplace_back(std::move(map.key.text), std::move(value));
}

void Builder::take_merge(Open& map, Node value) {
  auto is_map = [](const Node& item) { return item.kind == Node::Kind::kMap; };
  bool list = value.kind == Node::Kind::kList && std::ranges::all_of(value.list, is_map);
  if (list) {
    std::ranges::move(value.list, std::back_inserter(map.merges));
  } else if (is_map(value)) {
    map.merges.push_back(std::move(value));
  } else {
    refuse(ProblemClass::kSyntax, map.key.at, "syntax error: the merge key << needs a map or a list of maps");
  }
}

} // namespace kgw::config
