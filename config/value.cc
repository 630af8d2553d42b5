#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "config/schema.h"

namespace kgw::config {
namespace {

// YAML gives 010 and 0x10 other values than a reader expects: only plain decimal counts.
bool is_plain_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  return digits && (text.size() == 1 || text[0] != '0');
}

// Of well-formed UTF-8; Kubernetes counts them and not the bytes.
size_t characters(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

} // namespace

std::string Value::shown() const {
  if (node_ == nullptr) return "nothing";
  switch (node_->kind) {
  case Node::Kind::kNull: return "null";
  case Node::Kind::kList: return "a list";
  case Node::Kind::kMap: return "an object";
  case Node::Kind::kString: return in_quotes(node_->text);
  default: return node_->text;
  }
}

void Value::error(ProblemClass problem_class, std::string_view need, std::string_view hint) const {
  error_text(problem_class, problem_text(problem_class, shown(), need, hint));
}

void Value::error_text(ProblemClass problem_class, std::string text) const {
  report_->add(Severity::kError, problem_class, at(), path_, std::move(text));
}

void Value::warn(std::string text) const {
  report_->add(Severity::kWarning, ProblemClass::kAdvice, at(), path_, std::move(text));
}

bool Value::is(Node::Kind kind, std::string_view need) const {
  if (node_->kind == kind) return true;
  bool scalar =
      node_->kind == Node::Kind::kBool || node_->kind == Node::Kind::kInt || node_->kind == Node::Kind::kFloat;
  bool quote = kind == Node::Kind::kString && scalar;
  bool unquote = node_->quoted && (kind == Node::Kind::kInt || kind == Node::Kind::kBool);
  error(ProblemClass::kInvalid, need, quote ? "put it in quotes" : unquote ? "without quotes" : "");
  return false;
}

std::string Value::text(const TextRule& rule, std::string fallback) const {
  if (!present() || !is(Node::Kind::kString, rule.need)) return fallback;
  if (size_t length = characters(node_->text); length > rule.most) {
    error_text(ProblemClass::kTooLong, problem_text(ProblemClass::kTooLong, fmt::format("{} characters", length),
                                                    fmt::format("at most {}", rule.most)));
  } else if (rule.holds != nullptr && !rule.holds(node_->text)) {
    error(ProblemClass::kInvalid, rule.need);
  }
  return node_->text;
}

std::optional<int64_t> Value::integer(Bounds bounds) const {
  if (!present()) return std::nullopt;
  std::string need = fmt::format("an integer from {} to {}", bounds.least, bounds.most);
  if (!is(Node::Kind::kInt, need)) return std::nullopt;
  if (!is_plain_decimal(node_->text)) {
    error(ProblemClass::kInvalid, need, "in plain decimal digits");
  } else if (node_->integer < bounds.least || node_->integer > bounds.most) {
    error(ProblemClass::kInvalid, need);
  } else {
    return node_->integer;
  }
  return std::nullopt;
}

std::optional<double> Value::number(Bounds bounds) const {
  if (!present()) return std::nullopt;
  std::string need = fmt::format("a number from {} to {}", bounds.least, bounds.most);
  if (node_->kind == Node::Kind::kInt) {
    auto whole = integer(bounds);
    return whole ? std::optional<double>(static_cast<double>(*whole)) : std::nullopt;
  }
  if (!is(Node::Kind::kFloat, need)) return std::nullopt;
  double number = 0;
  auto parsed = std::from_chars(node_->text.data(), node_->text.data() + node_->text.size(), number);
  bool finite = parsed.ec == std::errc{}; // not .nan, not .inf
  if (finite && number >= static_cast<double>(bounds.least) && number <= static_cast<double>(bounds.most))
    return number;
  error(ProblemClass::kInvalid, need);
  return std::nullopt;
}

std::optional<bool> Value::boolean() const {
  if (!present() || !is(Node::Kind::kBool, "true or false")) return std::nullopt;
  if (node_->text != "true" && node_->text != "false") {
    error(ProblemClass::kInvalid, "true or false");
    return std::nullopt;
  }
  return node_->boolean;
}

std::string Value::word(std::span<const std::string_view> allowed, std::string fallback) const {
  std::string need = fmt::format("one of {}", fmt::join(allowed, ", "));
  if (!present() || !is(Node::Kind::kString, need)) return fallback;
  if (std::ranges::find(allowed, node_->text) != allowed.end()) return node_->text;
  std::string_view nearest = base::nearest_name(node_->text, allowed);
  error(ProblemClass::kUnsupportedValue, need, nearest.empty() ? "" : fmt::format("did you mean \"{}\"?", nearest));
  return fallback;
}

std::optional<Duration> Value::duration(DurationGrammar grammar, Duration least) const {
  if (!present()) return std::nullopt;
  if (node_->kind != Node::Kind::kString) {
    error(ProblemClass::kInvalid, duration_rule(grammar));
    return std::nullopt;
  }
  auto duration = parse_duration(grammar, node_->text);
  if (!duration) {
    error(ProblemClass::kInvalid, duration_rule(grammar));
  } else if (*duration < least) {
    error(ProblemClass::kInvalid, fmt::format("a duration of at least {}", print_duration(least)));
    return std::nullopt;
  }
  return duration;
}

std::vector<Value> Value::items(Count count) const {
  std::vector<Value> result;
  if (!present() || !is(Node::Kind::kList, "a list")) return result;
  size_t size = node_->list.size();
  if (size < count.least || size > count.most) {
    auto problem_class = size < count.least ? ProblemClass::kTooFew : ProblemClass::kTooMany;
    std::string need =
        size < count.least ? fmt::format("at least {}", count.least) : fmt::format("at most {}", count.most);
    error_text(problem_class, problem_text(problem_class, fmt::format("{} items", size), need));
  }
  // Beyond the bound nothing more is said, so that one slip does not flood the answer.
  for (size_t i = 0; i < std::min(size, count.most); ++i) {
    const Node& item = node_->list[i];
    Value value(*report_, &item, fmt::format("{}[{}]", path_, i), fmt::format("{}/{}", pointer_, i), item.at);
    if (item.kind == Node::Kind::kNull) {
      value.error(ProblemClass::kInvalid, "a value");
    } else {
      result.push_back(std::move(value));
    }
  }
  return result;
}

Labels Value::labels() const {
  Labels result;
  if (!present() || !is(Node::Kind::kMap, "an object of texts")) return result;
  for (const auto& [name, node] : node_->map) {
    std::string path = fmt::format("{}[{}]", path_, name);
    if (node.kind == Node::Kind::kNull) {
      result.emplace(name, "");
    } else {
      result.emplace(name, Value(*report_, &node, std::move(path), {}, node.at).text());
    }
  }
  return result;
}

} // namespace kgw::config
