#pragma once
// What makes a text no YAML or JSON at all, found before any parser sees it.

#include <optional>
#include <string_view>

#include "config/yaml_loader.h"

namespace kgw::config {

// Size, UTF-8, control characters, and the wrappers that documentation puts around manifests (shell commands,
// templates).
std::optional<LoadProblem> check_text(std::string_view text, const ParseLimits& limits);

} // namespace kgw::config
