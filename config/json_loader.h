#pragma once
// JSON text that is no YAML (tabs between values, surrogate pairs). No positions.

#include <string_view>

#include "config/yaml_loader.h"

namespace kgw::config {

Loaded load_json(std::string_view text, const ParseLimits& limits);

} // namespace kgw::config
