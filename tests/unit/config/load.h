#pragma once
// One document as text, and what loading it says, as every test of a kind needs them.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/objects.h"

namespace kgw::config::test {

// `rest` is what follows the metadata: mostly "spec: {...}".
inline std::string document(const std::string& api_version, const std::string& kind, const std::string& rest,
                            const std::string& metadata = "{name: x}") {
  return "apiVersion: " + api_version + "\nkind: " + kind + "\nmetadata: " + metadata + "\n" + rest + "\n";
}

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

// What follows the object in the only line that loading this document gives.
inline std::string problem(const std::string& text) {
  Validated validated = load(text);
  std::vector<std::string> all = lines(validated);
  if (all.size() != 1 || !validated.id) return "got " + std::to_string(all.size()) + " lines";
  std::string object = validated.id->text() + ": ";
  return all[0].substr(all[0].find(object) + object.size());
}

// The payload of a document that must be valid and without warnings.
template <typename T> T payload(const std::string& text) {
  Validated validated = load(text);
  for (const std::string& line : lines(validated)) ADD_FAILURE() << line;
  return validated.object ? std::get<T>(validated.object->payload) : T{};
}

} // namespace kgw::config::test
