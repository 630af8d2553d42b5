#pragma once
// The few things that admin does with JSON everywhere. Nothing here throws.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace kgw::admin {

using Json = nlohmann::json;

// Deeper documents are refused before anything walks them recursively.
inline constexpr int kJsonDepth = 128;

// Compact. Bytes that are not UTF-8 (they can come from a URL) become U+FFFD.
std::string dump(const Json& json);
// Empty when the text is not JSON or nested deeper than kJsonDepth.
std::optional<Json> parse_json(std::string_view text);
// Whether the value is at most `depth` deep and costs at most `bytes`, roughly; takes its cost off `bytes`.
bool within(const Json& json, int depth, size_t& bytes);

// The member at a path of keys; null when there is none.
const Json* find(const Json& json, std::initializer_list<std::string_view> path);
// The text there; empty when it is absent or no string.
std::string text_at(const Json& json, std::initializer_list<std::string_view> path);

} // namespace kgw::admin
