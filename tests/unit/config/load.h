#pragma once
// Loads one document from text, as every test of a kind does.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/objects.h"

namespace kgw::config::test {

inline Validated load(const std::string& text, const std::string& default_namespace = {},
                      FieldValidation validation = FieldValidation::kStrict) {
  ParsedText parsed = parse_text(text, "f.yaml");
  if (parsed.documents.size() != 1) {
    Validated failed;
    failed.problems = parsed.problems;
    EXPECT_EQ(parsed.documents.size(), 1u) << (parsed.problems.empty() ? "" : parsed.problems[0].line());
    return failed;
  }
  return validate(parsed.documents[0], default_namespace, validation);
}

inline std::vector<std::string> lines(const Validated& validated) {
  std::vector<std::string> result;
  for (const Diagnostic& problem : validated.problems) result.push_back(problem.line());
  return result;
}

// The payload of a document that must be valid and without warnings.
template <typename T> T payload(const std::string& text) {
  Validated validated = load(text);
  for (const std::string& line : lines(validated)) ADD_FAILURE() << line;
  return validated.object ? std::get<T>(validated.object->payload) : T{};
}

} // namespace kgw::config::test
