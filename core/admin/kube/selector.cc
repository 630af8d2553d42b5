#include "admin/kube/selector.h"

#include <algorithm>

#include "admin/url.h"
#include "base/text.h"

namespace kgw::admin::kube {

namespace {

base::Result<void> check_key(std::string_view key, std::string_view text) {
  constexpr std::string_view kForbidden = " \t()=!<>,";
  if (!key.empty() && key.find_first_of(kForbidden) == std::string_view::npos) return {};
  return base::fail(base::ErrorCode::kInvalid, "unable to parse requirement: \"" + std::string(text) + "\"");
}

// Splits at the commas that are not inside of parentheses.
std::vector<std::string_view> requirements(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (text[i] != ',' || depth > 0) continue;
    parts.push_back(base::trim(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  parts.push_back(base::trim(text.substr(begin)));
  return parts;
}

// `a=b`, `a==b`, `a!=b`: where the key ends, where the value begins.
struct Comparison {
  std::string_view key, value;
  bool negated = false;
};
bool read_comparison(std::string_view text, Comparison& out) {
  size_t equal = text.find('=');
  if (equal == std::string_view::npos || equal == 0) return false;
  out.negated = text[equal - 1] == '!';
  out.key = base::trim(text.substr(0, out.negated ? equal - 1 : equal));
  out.value = text.substr(equal + 1);
  if (!out.negated && out.value.starts_with('=')) out.value.remove_prefix(1);
  out.value = base::trim(out.value);
  return true;
}

} // namespace

base::Result<Selector::Requirement> Selector::parse_label(std::string_view text) {
  Requirement result;
  size_t open = text.find('(');
  if (open != std::string_view::npos) {
    std::string_view head = base::trim(text.substr(0, open));
    result.negated = head.ends_with(" notin");
    if (!text.ends_with(')') || (!result.negated && !head.ends_with(" in")))
      return std::unexpected(check_key("", text).error());
    for (std::string_view value : split(text.substr(open + 1, text.size() - open - 2), ',')) {
      result.values.emplace_back(base::trim(value));
    }
    result.key = base::trim(head.substr(0, head.rfind(' ')));
  } else if (Comparison comparison; read_comparison(text, comparison)) {
    result = {std::string(comparison.key), {std::string(comparison.value)}, comparison.negated};
  } else {
    result.negated = text.starts_with('!');
    result.key = base::trim(text.substr(result.negated ? 1 : 0));
  }
  if (auto valid = check_key(result.key, text); !valid) return std::unexpected(valid.error());
  return result;
}

base::Result<Selector::Requirement> Selector::parse_field(std::string_view text) {
  Comparison comparison;
  if (!read_comparison(text, comparison)) {
    return base::fail(base::ErrorCode::kInvalid, "invalid field selector: \"" + std::string(text) + "\"");
  }
  if (comparison.key != "metadata.name" && comparison.key != "metadata.namespace") {
    return base::fail(base::ErrorCode::kInvalid, "field label not supported: " + std::string(comparison.key));
  }
  return Requirement{
      std::string(comparison.key.substr(sizeof("metadata.") - 1)), {std::string(comparison.value)}, comparison.negated};
}

base::Result<Selector> Selector::parse(std::string_view labels, std::string_view fields) {
  Selector selector;
  for (std::string_view part : requirements(labels)) {
    if (part.empty()) continue;
    auto requirement = parse_label(part);
    if (!requirement) return std::unexpected(requirement.error());
    selector.labels_.push_back(*std::move(requirement));
  }
  for (std::string_view part : requirements(fields)) {
    if (part.empty()) continue;
    auto requirement = parse_field(part);
    if (!requirement) return std::unexpected(requirement.error());
    selector.fields_.push_back(*std::move(requirement));
  }
  return selector;
}

// An absent key fulfils `!=` and `notin`.
bool Selector::holds(const Requirement& requirement, const Json* value) {
  if (value == nullptr) return requirement.negated;
  if (requirement.values.empty()) return !requirement.negated;
  bool found = std::ranges::any_of(requirement.values, [&](const std::string& wanted) { return *value == wanted; });
  return found != requirement.negated;
}

bool Selector::matches(const Json& object) const {
  auto label = [&](const Requirement& r) { return holds(r, find(object, {"metadata", "labels", r.key})); };
  auto field = [&](const Requirement& r) { return holds(r, find(object, {"metadata", r.key})); };
  return std::ranges::all_of(labels_, label) && std::ranges::all_of(fields_, field);
}

} // namespace kgw::admin::kube
