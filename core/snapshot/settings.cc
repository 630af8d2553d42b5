#include "snapshot/settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace kgw::snapshot {
namespace {

constexpr int64_t count_words(std::string_view words) { return 1 + std::count(words.begin(), words.end(), '|'); }

constexpr SettingRow kRows[] = {
#define KGW_LISTENER(name, value, edge, least, most, meaning)                                                          \
  {#name, Scope::kListener, value, edge, least, most, meaning},
#define KGW_CLUSTER(name, value, edge, least, most, meaning)                                                           \
  {#name, Scope::kCluster, value, edge, least, most, meaning},
#define KGW_ROUTE(name, value, edge, least, most, meaning) {#name, Scope::kRoute, value, edge, least, most, meaning},
#define KGW_ROUTE_WORD(name, words, meaning) {#name, Scope::kRoute, 0, 0, 0, count_words(words) - 1, meaning, words},
#define KGW_ROUTE_TEXT(name, meaning) {#name, Scope::kRoute, 0, 0, 0, 0, meaning, {}, true},
#define KGW_PROCESS(name, value, edge, least, most, meaning)                                                           \
  {#name, Scope::kProcess, value, edge, least, most, meaning},
#include "snapshot/settings_only.h"
};

int64_t* field(Settings& settings, std::string_view name) {
#define KGW_LISTENER(id, ...)                                                                                          \
  if (name == #id) return &settings.listener.id;
#define KGW_CLUSTER(id, ...)                                                                                           \
  if (name == #id) return &settings.cluster.id;
#define KGW_ROUTE(id, ...)                                                                                             \
  if (name == #id) return &settings.route.id;
#define KGW_ROUTE_WORD KGW_ROUTE
#define KGW_PROCESS(id, ...)                                                                                           \
  if (name == #id) return &settings.process.id;
#include "snapshot/settings_only.h"
  return nullptr;
}

std::vector<retry::FieldMatch>* field_list(Settings& settings, std::string_view name) {
#define KGW_ROUTE_TEXT(id, ...)                                                                                        \
  if (name == #id) return &settings.route.id;
#include "snapshot/settings_only.h"
  return nullptr;
}

const SettingRow* find_row(std::string_view name) {
  auto it = std::find_if(std::begin(kRows), std::end(kRows), [&](const SettingRow& row) { return row.name == name; });
  return it == std::end(kRows) ? nullptr : it;
}

bool is_switch(const SettingRow& row) { return row.words.empty() && row.least == 0 && row.most == 1; }

base::Result<int64_t> parse_word(const SettingRow& row, std::string_view text) {
  std::string_view rest = row.words;
  for (int64_t place = 0; place <= row.most; ++place) {
    size_t end = std::min(rest.find('|'), rest.size());
    if (rest.substr(0, end) == text) return place;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string words(row.words);
  for (size_t mark; (mark = words.find('|')) != std::string::npos;) words.replace(mark, 1, ", ");
  return base::fail(base::ErrorCode::kInvalid,
                    std::string(row.name) + ": got \"" + std::string(text) + "\"; need one of " + words);
}

base::Result<int64_t> parse_value(const SettingRow& row, std::string_view text) {
  if (!row.words.empty()) return parse_word(row, text);
  if (is_switch(row)) {
    if (text == "true" || text == "on") return 1;
    if (text == "false" || text == "off") return 0;
  }
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool number = error == std::errc{} && end == text.data() + text.size();
  if (!number || value < row.least || value > row.most) {
    return base::fail(base::ErrorCode::kInvalid, std::string(row.name) + ": got \"" + std::string(text) + "\"; need " +
                                                     (is_switch(row) ? std::string("true or false")
                                                                     : "an integer from " + std::to_string(row.least) +
                                                                           " to " + std::to_string(row.most)));
  }
  return value;
}

base::Result<void> set_checked(Settings& settings, const Scope* scope, std::string_view name, std::string_view value) {
  const SettingRow* row = find_row(name);
  if (row == nullptr || (scope != nullptr && row->scope != *scope)) {
    std::vector<std::string_view> names;
    for (const SettingRow& known : kRows) {
      if (scope == nullptr || known.scope == *scope) names.push_back(known.name);
    }
    std::string text = row == nullptr ? "unknown setting \"" + std::string(name) + "\""
                                      : "setting \"" + std::string(name) + "\" has " +
                                            std::string(scope_name(row->scope)) + " scope and cannot stand here";
    auto nearest = base::nearest_name(name, names);
    if (row == nullptr && !nearest.empty()) text += "; did you mean \"" + std::string(nearest) + "\"?";
    return base::fail(base::ErrorCode::kInvalid, text);
  }
  if (row->fields) {
    auto fields = retry::parse_field_matches(value);
    if (!fields) return base::fail(base::ErrorCode::kInvalid, std::string(name) + ": " + fields.error().text);
    *field_list(settings, name) = std::move(*fields);
    return {};
  }
  auto parsed = parse_value(*row, value);
  if (!parsed) return std::unexpected(parsed.error());
  *field(settings, name) = *parsed;
  return {};
}

} // namespace

std::string_view SettingRow::unit() const {
  if (name.ends_with("_ms")) return "ms";
  if (name.ends_with("_bytes")) return "bytes";
  if (fields) return "fields";
  if (!words.empty()) return "word";
  return is_switch(*this) ? "switch" : "count";
}

std::span<const SettingRow> setting_rows() { return kRows; }

std::string_view scope_name(Scope scope) {
  constexpr std::array<std::string_view, 4> kNames = {"process", "listener", "cluster", "route"};
  return kNames[static_cast<size_t>(scope)];
}

Settings base_settings(bool edge) {
  Settings settings;
  if (edge) {
    for (const SettingRow& row : kRows) {
      if (!row.fields) *field(settings, row.name) = row.edge;
    }
  }
  return settings;
}

base::Result<void> set_setting(Settings& settings, std::string_view name, std::string_view value) {
  return set_checked(settings, nullptr, name, value);
}

base::Result<void> set_setting(Settings& settings, Scope scope, std::string_view name, std::string_view value) {
  return set_checked(settings, &scope, name, value);
}

} // namespace kgw::snapshot
