#include "config/schema.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"

namespace kgw::config {
namespace {

constexpr size_t kLongestShown = 80; // bytes of a value that a message repeats
constexpr size_t kMostListed = 16;   // known fields that a message lists

// retryOn -> retry_on
std::string snake(std::string_view name) {
  std::string result;
  for (char c : name) {
    if (base::lower(c) != c) result += '_';
    result += base::lower(c);
  }
  return result;
}

std::string child_path(const std::string& parent, std::string_view key) {
  if (parent.empty()) return std::string(key);
  if (key.find_first_of("./[] ") != std::string_view::npos) return fmt::format("{}[{}]", parent, key);
  return fmt::format("{}.{}", parent, key);
}

std::string child_pointer(const std::string& parent, std::string_view key) {
  std::string result = parent + "/";
  for (char c : key) {
    if (c == '~') {
      result += "~0";
    } else if (c == '/') {
      result += "~1";
    } else {
      result += c;
    }
  }
  return result;
}

bool set_key(const Node& map, std::string_view key, size_t& index) {
  auto found = std::ranges::find(map.map, key, &std::pair<std::string, Node>::first);
  index = static_cast<size_t>(found - map.map.begin());
  return found != map.map.end();
}

// Gloo's "disabled: true" alone, or kgateway's "disable: {}", asks for nothing: nothing is lost by not having the
// feature.
bool only_disabled(const Node& node, Fields::Off off) {
  if (off == Fields::Off::kNone || node.map.size() != 1) return false;
  const auto& [name, value] = node.map.front();
  if (off == Fields::Off::kEmptyObject) return name == "disable" && value.kind == Node::Kind::kMap && value.map.empty();
  return (name == "disable" || name == "disabled") && value.kind == Node::Kind::kBool && value.boolean;
}

} // namespace

void Report::add(Severity severity, ProblemClass problem_class, Position at, std::string path, std::string text) {
  failed |= severity == Severity::kError;
  problems.push_back(Diagnostic{severity, problem_class, file, at, {}, std::move(path), std::move(text)});
}

std::string problem_text(ProblemClass problem_class, std::string_view got, std::string_view need,
                         std::string_view hint) {
  std::string text = fmt::format("{}: got {}; need {}", class_text(problem_class), got, need);
  return hint.empty() ? text : fmt::format("{} ({})", text, hint);
}

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (char c : text.substr(0, kLongestShown)) {
    unsigned char byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\x{:02x}", byte);
    } else if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else {
      result += c;
    }
  }
  // A cut must not leave half a character.
  while (text.size() > kLongestShown && (static_cast<unsigned char>(result.back()) & 0x80) != 0) result.pop_back();
  return result + (text.size() > kLongestShown ? "…\"" : "\"");
}

Fields::Fields(Value value) : value_(std::move(value)) {
  if (value_.present() && !value_.is(Node::Kind::kMap, "an object")) value_.node_ = nullptr;
  if (value_.present()) seen_.resize(value_.node()->map.size());
}

Fields::~Fields() {
  for (size_t i = 0; i < seen_.size(); ++i) {
    if (!seen_[i]) report_unknown(i);
  }
}

const Node* Fields::find(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.push_back(key);
  if (!present()) return nullptr;
  const Node& map = *value_.node();
  size_t index = 0, other = 0;
  bool found = set_key(map, key, index);
  std::string with_underscores = snake(key);
  if (report().snake_case && with_underscores != key && set_key(map, with_underscores, other)) {
    seen_[other] = true;
    std::string path = child_path(value_.path(), with_underscores);
    if (found) {
      report().add(Severity::kError, ProblemClass::kDuplicate, map.key_at[other], path,
                   problem_text(ProblemClass::kDuplicate, with_underscores, fmt::format("only {}", key)));
    } else {
      report().add(Severity::kWarning, ProblemClass::kAdvice, map.key_at[other], path,
                   fmt::format("a Kubernetes cluster knows this field as {} only", key));
      index = other;
      found = true;
    }
  }
  if (!found) return nullptr;
  seen_[index] = true;
  const Node& value = map.map[index].second;
  return value.kind == Node::Kind::kNull ? nullptr : &value;
}

Value Fields::get(std::string_view key, Need need) {
  const Node* node = find(key);
  Value value(report(), node, child_path(value_.path(), key), child_pointer(value_.pointer_, key), value_.at());
  if (node == nullptr && need == Need::kRequired && present()) {
    value.error_text(ProblemClass::kRequired,
                     fmt::format("{}: got nothing; need {}", class_text(ProblemClass::kRequired), key));
  }
  return value;
}

std::string_view Fields::exactly_one(std::initializer_list<std::string_view> keys) {
  std::vector<std::string_view> present_keys;
  for (std::string_view key : keys) {
    if (get(key).present()) present_keys.push_back(key);
  }
  if (!present() || present_keys.size() == 1) return present() ? present_keys.front() : "";
  bool none = present_keys.empty();
  value_.error_text(none ? ProblemClass::kRequired : ProblemClass::kInvalid,
                    problem_text(none ? ProblemClass::kRequired : ProblemClass::kInvalid,
                                 none ? "nothing" : fmt::format("{}", fmt::join(present_keys, " and ")),
                                 fmt::format("exactly one of {}", fmt::join(keys, ", "))));
  return {};
}

void Fields::report_unknown(size_t index) const {
  const std::string& key = value_.node()->map[index].first;
  if (report().validation != FieldValidation::kStrict) report().pruned.push_back(child_pointer(value_.pointer_, key));
  if (report().validation == FieldValidation::kIgnore) return;
  auto severity = report().validation == FieldValidation::kStrict ? Severity::kError : Severity::kWarning;
  std::string_view nearest = base::nearest_name(key, known_);
  bool listed = nearest.empty() && known_.size() <= kMostListed;
  std::string need = known_.empty() ? "no field here"
                     : listed       ? fmt::format("one of {}", fmt::join(known_, ", "))
                                    : "a known field";
  std::string hint = nearest.empty() ? "" : fmt::format("did you mean \"{}\"?", nearest);
  report().add(severity, ProblemClass::kUnknownField, value_.node()->key_at[index], child_path(value_.path(), key),
               problem_text(ProblemClass::kUnknownField, in_quotes(key), need, hint));
}

void Fields::not_supported(std::string_view key, const char* text) {
  Value value = get(key);
  // An empty list asks for nothing.
  if (!value.present() || (value.node()->kind == Node::Kind::kList && value.node()->list.empty())) return;
  value.error_text(ProblemClass::kNotSupported, text);
}

void Fields::ignore(std::initializer_list<std::string_view> keys) {
  for (std::string_view key : keys) find(key);
}

void Fields::later(std::initializer_list<std::string_view> keys) {
  for (std::string_view key : keys) not_supported(key, kNotYetText);
}

void Fields::refuse(std::initializer_list<std::string_view> keys) {
  for (std::string_view key : keys) not_supported(key, class_text(ProblemClass::kNotSupported));
}

void Fields::protect(std::span<const std::string_view> keys, Off off) {
  for (std::string_view key : keys) {
    Value value = get(key);
    if (!value.present() || only_disabled(*value.node(), off)) continue;
    report().protection = true;
    value.error_text(ProblemClass::kNotSupported, class_text(ProblemClass::kNotSupported));
  }
}

void Seen::check(const Value& value, const std::string& key, std::string_view need) {
  if (!keys_.insert(key).second) {
    value.error_text(ProblemClass::kDuplicate, problem_text(ProblemClass::kDuplicate, in_quotes(key), need));
  }
}

} // namespace kgw::config
