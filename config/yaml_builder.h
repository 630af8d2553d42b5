#pragma once
// Trees from the events of yaml-cpp's parser. Inside config/yaml_*.cc only: it throws.

#include <exception>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include "config/yaml_loader.h"

namespace kgw::config {

struct Refused : std::exception {
  explicit Refused(LoadProblem what) : problem(std::move(what)) {}
  LoadProblem problem;
};
[[noreturn]] void refuse(ProblemClass problem_class, Position at, std::string text);
Position position(const YAML::Mark& mark);

// Feeds on parse events; throws Refused at a duplicate key, a limit, a tag, a key that is no text.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(const ParseLimits& limits) : limits_(limits) {}
  std::vector<Node> roots;      // one a document, null for an empty one
  std::vector<Position> starts; // of each document
  YAML::Mark last_quoted = YAML::Mark::null_mark();

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { finish(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { finish(); }

 private:
  // A list or map whose end has not come yet.
  struct Open {
    Node node;
    YAML::anchor_t anchor;
    size_t size_before;
    int deepest_before;
    bool has_key = false;
    Node key{};
    std::unordered_set<std::string> keys{};
    std::vector<Node> merges{};
  };
  struct Anchored {
    Node node;
    size_t cost;
    int depth; // levels of lists and maps in it
  };

  void add_scalar(Node node, YAML::anchor_t anchor);
  void start(Node::Kind kind, Position at, const std::string& tag, YAML::anchor_t anchor);
  void finish();
  void place(Node node);
  static void take_value(Open& map, Node value);
  static void take_merge(Open& map, Node value);
  static void expand(Open& into, Node merge);
  void charge(size_t cost, Position at);
  void grow(size_t cost, Position at);
  void remember(YAML::anchor_t anchor, const Node& node, size_t cost, int depth);
  [[noreturn]] void too_deep(Position at) const;

  const ParseLimits& limits_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  size_t size_ = 0; // of the trees so far
  size_t cost_ = 0; // and of the copies kept for aliases
  int deepest_ = 0; // deepest level reached inside the innermost open list or map
};

} // namespace kgw::config
