#include "config/translate_warnings.h"

namespace kgw::config {

void Warnings::add(const Object& object, Position at, std::string path, ProblemClass problem_class, std::string text) {
  std::string name = object.id.text();
  if (!seen_.emplace(name, path, text).second) return;
  if (at.line == 0) at = object.at;
  list_.push_back(
      {Severity::kWarning, problem_class, object.file, at, std::move(name), std::move(path), std::move(text)});
}

void Warnings::add_option(std::string option, ProblemClass problem_class, std::string text) {
  if (!seen_.emplace("", option, text).second) return;
  list_.push_back({Severity::kWarning, problem_class, "", {}, "", std::move(option), std::move(text)});
}

void apply_annotations(const Object& object, snapshot::Scope scope, snapshot::Settings& settings, Warnings& warnings) {
  constexpr std::string_view kPrefix = "kgwcore.dev/";
  for (auto it = object.annotations.lower_bound(std::string(kPrefix)); it != object.annotations.end(); ++it) {
    if (!it->first.starts_with(kPrefix)) break;
    auto done = snapshot::set_setting(settings, scope, std::string_view(it->first).substr(kPrefix.size()), it->second);
    if (!done) {
      warnings.add(object, {}, "metadata.annotations[" + it->first + "]", ProblemClass::kInvalid, done.error().text);
    }
  }
}

std::string at_index(std::string_view list, size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

} // namespace kgw::config
