#include "admin/json.h"

namespace kgw::admin {

namespace {

// Brackets outside of strings; correct for every valid document, and it does not matter for the others.
bool shallow(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '{' || c == '[') {
      if (++depth > kJsonDepth) return false;
    }
    if (c == '}' || c == ']') --depth;
  }
  return true;
}

} // namespace

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::optional<Json> parse_json(std::string_view text) {
  if (!shallow(text)) return std::nullopt;
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

bool within(const Json& json, int depth, size_t& bytes) {
  size_t cost = 16 + (json.is_string() ? json.get_ref<const std::string&>().size() : 0);
  if (depth < 0 || cost > bytes) return false;
  bytes -= cost;
  if (!json.is_structured()) return true;
  for (auto member = json.begin(); member != json.end(); ++member) {
    size_t key = json.is_object() ? member.key().size() : 0;
    if (key > bytes) return false;
    bytes -= key;
    if (!within(*member, depth - 1, bytes)) return false;
  }
  return true;
}

const Json* find(const Json& json, std::initializer_list<std::string_view> path) {
  const Json* at = &json;
  for (std::string_view key : path) {
    if (!at->is_object()) return nullptr;
    auto member = at->find(key);
    if (member == at->end()) return nullptr;
    at = &*member;
  }
  return at;
}

std::string text_at(const Json& json, std::initializer_list<std::string_view> path) {
  const Json* found = find(json, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string{};
}

} // namespace kgw::admin
