// Documents: every text ends in documents or in problems, each with a place in the text; what is read is checked
// strictly, and what passes can be shown as JSON and read again.

#include <algorithm>

#include "config/objects.h"
#include "config/yaml_loader.h"
#include "fuzz/require.h"

using namespace kgw;
using namespace kgw::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = text_of(data, size);
  constexpr config::ParseLimits kLimits{.bytes = 65536, .depth = 64, .nodes = 10'000};
  config::ParsedText parsed = config::parse_text(text, "f", kLimits);
  REQUIRE(parsed.problems.empty() || parsed.documents.empty());
  auto lines = std::count(text.begin(), text.end(), '\n') + std::count(text.begin(), text.end(), '\r') + 1;
  for (const config::Diagnostic& problem : parsed.problems) {
    REQUIRE(!problem.text.empty());
    REQUIRE(problem.at.line >= 0 && problem.at.line <= lines + 1);
  }
  for (const config::Document& document : parsed.documents) {
    config::Validated validated = config::validate(document, "default");
    bool errors =
        std::any_of(validated.problems.begin(), validated.problems.end(),
                    [](const config::Diagnostic& problem) { return problem.severity == config::Severity::kError; });
    REQUIRE(!validated.object || !errors);
    REQUIRE(validated.object || errors || validated.ignored);
    for (const config::Diagnostic& problem : validated.problems) REQUIRE(!problem.line().empty());
    if (!validated.object) continue;
    config::Document again{"f", config::node_from_json(document.root.to_json())};
    REQUIRE(config::validate(again, "default").object.has_value());
  }
  return 0;
}
