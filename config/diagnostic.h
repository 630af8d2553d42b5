#pragma once
// Everything a load has to say, one record a problem.

#include <string>
#include <vector>

namespace kgw::config {

enum class Severity : uint8_t { kError, kWarning };

// What kind of rule was broken; the text form is `class_text`.
enum class ProblemClass : uint8_t {
  kSyntax,           // not YAML or JSON
  kRequired,         // required value missing
  kInvalid,          // invalid value (pattern, bounds, type, cross-field rule)
  kUnsupportedValue, // unsupported value (lists allowed ones)
  kDuplicate,        // duplicate value or key
  kTooLong,
  kTooMany,
  kTooFew,
  kUnknownField,
  kNoSuchKind,
  kNotFound,
  kNamespaceMismatch,
  kNotSupported, // "not supported by kgwcore (accepted by kgateway)"
  kAdvice,       // warnings that are no broken rule
};
const char* class_text(ProblemClass problem_class);

struct Position {
  int line = 0, column = 0; // from 1; 0: none (the document came as JSON from the admin address)
};

struct Diagnostic {
  Severity severity = Severity::kError;
  ProblemClass problem_class = ProblemClass::kInvalid;
  std::string file; // the path as given, "-" for standard input, "<text>" for a string; empty: from the admin address
  Position at;
  std::string object; // KIND NAMESPACE/NAME; empty when not known
  std::string path;   // FIELD.PATH[INDEX]; empty for whole-document problems
  std::string text;   // CLASS: got VALUE; need RULE (hint)

  // FILE:LINE:COL: KIND NAMESPACE/NAME: FIELD.PATH[INDEX]: TEXT, with "warning: " before the field for warnings.
  std::string line() const;
  // One stable word per class, lower case with underscores: unknown_field, invalid_value, ... (DESIGN: `code`).
  std::string code() const;
};

} // namespace kgw::config
