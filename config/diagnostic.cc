#include "config/diagnostic.h"

#include <array>

#include <fmt/format.h>

namespace kgw::config {
namespace {

struct ClassWords {
  const char* text;
  const char* code;
};

constexpr std::array kWords = {
    ClassWords{"syntax error", "syntax_error"},
    ClassWords{"required value missing", "required_value"},
    ClassWords{"invalid value", "invalid_value"},
    ClassWords{"unsupported value", "unsupported_value"},
    ClassWords{"duplicate value", "duplicate_value"},
    ClassWords{"too long", "too_long"},
    ClassWords{"too many", "too_many"},
    ClassWords{"too few", "too_few"},
    ClassWords{"unknown field", "unknown_field"},
    ClassWords{"no such kind", "no_such_kind"},
    ClassWords{"not found", "not_found"},
    ClassWords{"namespace mismatch", "namespace_mismatch"},
    ClassWords{"not supported by kgwcore (accepted by kgateway)", "not_supported"},
    ClassWords{"advice", "advice"},
};
static_assert(kWords.size() == static_cast<size_t>(ProblemClass::kAdvice) + 1);

const ClassWords& words(ProblemClass problem_class) { return kWords.at(static_cast<size_t>(problem_class)); }

} // namespace

const char* class_text(ProblemClass problem_class) { return words(problem_class).text; }

std::string Diagnostic::code() const { return words(problem_class).code; }

std::string Diagnostic::line() const {
  std::string result;
  if (!file.empty() && at.line > 0) {
    result = fmt::format("{}:{}:{}: ", file, at.line, at.column);
  } else if (!file.empty()) {
    result = file + ": ";
  }
  if (!object.empty()) result += object + ": ";
  if (severity == Severity::kWarning) result += "warning: ";
  if (!path.empty()) result += path + ": ";
  return result + text;
}

} // namespace kgw::config
