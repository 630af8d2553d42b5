#pragma once
// The warnings of one translation. The same one is kept once: a RouteOption that serves ten rules is warned about once.

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "config/diagnostic.h"
#include "config/store.h"

namespace kgw::config {

class Warnings {
 public:
  // `at` without a line is the object's own position.
  void add(const Object& object, Position at, std::string path, ProblemClass problem_class, std::string text);
  // About an option of the program.
  void add_option(std::string option, ProblemClass problem_class, std::string text);
  std::vector<Diagnostic> take() { return std::move(list_); }

 private:
  std::set<std::tuple<std::string, std::string, std::string>> seen_; // object, path, text
  std::vector<Diagnostic> list_;
};

// Applies the annotations kgwcore.dev/NAME of an object to the settings of one scope; a bad one is a warning and no
// change.
void apply_annotations(const Object& object, snapshot::Scope scope, snapshot::Settings& settings, Warnings& warnings);

std::string at_index(std::string_view list, size_t index); // spec.rules[2]

} // namespace kgw::config
