#pragma once
// The one table of limits and knobs (settings.def) as structs, one per scope, and as rows for the tools.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "retry/policy.h"

namespace kgw::snapshot {

enum class Scope : uint8_t { kProcess, kListener, kCluster, kRoute };

struct ListenerSettings {
#define KGW_LISTENER(name, value, edge, least, most, meaning) int64_t name = value;
#include "snapshot/settings_only.h"
  bool operator==(const ListenerSettings&) const = default;
};
struct ClusterSettings {
#define KGW_CLUSTER(name, value, edge, least, most, meaning) int64_t name = value;
#include "snapshot/settings_only.h"
  bool operator==(const ClusterSettings&) const = default;
};
struct RouteSettings {
#define KGW_ROUTE(name, value, edge, least, most, meaning) int64_t name = value;
#define KGW_ROUTE_WORD(name, words, meaning) int64_t name = 0;
#define KGW_ROUTE_TEXT(name, meaning) std::vector<retry::FieldMatch> name;
#include "snapshot/settings_only.h"
  bool operator==(const RouteSettings&) const = default;
};
struct ProcessSettings {
#define KGW_PROCESS(name, value, edge, least, most, meaning) int64_t name = value;
#include "snapshot/settings_only.h"
  bool operator==(const ProcessSettings&) const = default;
};

struct Settings {
  ProcessSettings process;
  ListenerSettings listener;
  ClusterSettings cluster;
  RouteSettings route;
  bool operator==(const Settings&) const = default;
};

struct SettingRow {
  std::string_view name;
  Scope scope;
  int64_t value, edge, least, most;
  std::string_view meaning;
  std::string_view words = {};   // separated by |; then the numbers are places among them
  bool fields = false;           // a list of fields; the numbers are all 0
  std::string_view unit() const; // "ms", "bytes", "switch", "word", "fields" or "count"
};
std::span<const SettingRow> setting_rows();
std::string_view scope_name(Scope scope);

// The defaults, or the edge values.
Settings base_settings(bool edge);
// Sets `name` in the struct of its scope. Switches take 0, 1, true, false, on, off; words one of theirs; field lists
// `name` or `name=value`, separated by commas; others a decimal integer. Fails with kInvalid: unknown name (with the
// nearest known one), a value that is none, out of range.
base::Result<void> set_setting(Settings& settings, std::string_view name, std::string_view value);
// As above, for an annotation: the name must have this scope.
base::Result<void> set_setting(Settings& settings, Scope scope, std::string_view name, std::string_view value);
} // namespace kgw::snapshot
