#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "config/yaml_loader.h"

namespace kgw::config {
namespace {

bool is_null(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

const bool* find_bool(std::string_view text) {
  static constexpr bool kTrue = true, kFalse = false;
  static constexpr std::array<std::string_view, 11> kTrueWords = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                                                  "True", "TRUE", "on",  "On",  "ON"};
  static constexpr std::array<std::string_view, 11> kFalseWords = {"n",     "N",     "no",  "No",  "NO", "false",
                                                                   "False", "FALSE", "off", "Off", "OFF"};
  if (std::ranges::find(kTrueWords, text) != kTrueWords.end()) return &kTrue;
  if (std::ranges::find(kFalseWords, text) != kFalseWords.end()) return &kFalse;
  return nullptr;
}

// The base that a prefix announces, and the prefix removed.
int strip_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  char letter = static_cast<char>(digits[1] | 0x20);
  int base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  digits.remove_prefix(base == 0 ? 1 : 2);
  return base == 0 ? 8 : base;
}

bool parse_integer(std::string_view text, int64_t& value) {
  std::string plain(text);
  std::erase(plain, '_');
  std::string_view digits = plain;
  bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  int base = strip_base(digits);
  if (digits.empty() || digits[0] == '-' || digits[0] == '+') return false;
  std::string signed_digits = (negative ? "-" : "") + std::string(digits);
  const char* end = signed_digits.data() + signed_digits.size();
  auto [stop, error] = std::from_chars(signed_digits.data(), end, value, base);
  return error == std::errc{} && stop == end;
}

bool is_float(std::string_view text) {
  if (text == ".inf" || text == "-.inf" || text == "+.inf" || text == ".nan") return true;
  // Only digits, sign, point and exponent: from_chars alone would take "inf" and "nan", which are words here.
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return false;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error != std::errc::invalid_argument && stop == text.data() + text.size();
}

} // namespace

Node resolve_plain(std::string text, Position at) {
  Node node;
  node.at = at;
  if (is_null(text)) {
    node.kind = Node::Kind::kNull;
  } else if (const bool* boolean = find_bool(text)) {
    node.kind = Node::Kind::kBool;
    node.boolean = *boolean;
  } else if (parse_integer(text, node.integer)) {
    node.kind = Node::Kind::kInt;
  } else {
    node.kind = is_float(text) ? Node::Kind::kFloat : Node::Kind::kString;
  }
  node.text = std::move(text);
  return node;
}

} // namespace kgw::config
