#include "admin/kube/table.h"

#include <chrono>
#include <cstdio>

#include <fmt/format.h>

#include "admin/url.h"

namespace kgw::admin::kube {

namespace {

constexpr int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour, kYear = 365 * kDay;

bool unix_seconds(const std::string& stamp, int64_t& out) {
  int year = 0, hour = 0, minute = 0, second = 0;
  unsigned month = 0, day = 0;
  if (std::sscanf(stamp.c_str(), "%d-%u-%uT%d:%d:%d", &year, &month, &day, &hour, &minute, &second) != 6) return false;
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok()) return false;
  out = std::chrono::sys_days(date).time_since_epoch().count() * kDay + hour * kHour + minute * kMinute + second;
  return true;
}

// Two units while the second one still says something.
std::string two_units(int64_t seconds, int64_t big, const char* big_name, int64_t small, const char* small_name) {
  int64_t rest = seconds % big / small;
  std::string text = fmt::format("{}{}", seconds / big, big_name);
  return rest == 0 ? text : text + fmt::format("{}{}", rest, small_name);
}

void collect(const Json& at, std::span<const std::string_view> steps, Json& found);

void collect_from_list(const Json& list, std::span<const std::string_view> steps, Json& found) {
  size_t equal = steps.front().find('=');
  for (const Json& element : list) {
    bool wanted =
        steps.front() == "*" || (equal != std::string_view::npos &&
                                 text_at(element, {steps.front().substr(0, equal)}) == steps.front().substr(equal + 1));
    if (wanted) collect(element, steps.subspan(1), found);
  }
}

void collect(const Json& at, std::span<const std::string_view> steps, Json& found) {
  if (steps.empty()) {
    found.push_back(at);
  } else if (at.is_array()) {
    collect_from_list(at, steps, found);
  } else if (const Json* next = find(at, {steps.front()}); next != nullptr) {
    collect(*next, steps.subspan(1), found);
  }
}

std::string plain(const Json& value) { return value.is_string() ? value.get<std::string>() : dump(value); }

Json definition(std::string_view name, std::string_view format, int priority) {
  return {{"name", name}, {"type", "string"}, {"format", format}, {"description", ""}, {"priority", priority}};
}

Json row(const ResourceKind& kind, const Json& object, RowObject row_object, int64_t now_s) {
  Json cells = Json::array({text_at(object, {"metadata", "name"})});
  for (const ResourceKind::Column& column : kind.columns) cells.push_back(cell(object, column.pointer));
  cells.push_back(age_text(text_at(object, {"metadata", "creationTimestamp"}), now_s));
  Json result{{"cells", std::move(cells)}};
  if (row_object == RowObject::kObject) result["object"] = object;
  if (row_object == RowObject::kMetadata) {
    const Json* metadata = find(object, {"metadata"});
    result["object"] = {{"kind", "PartialObjectMetadata"},
                        {"apiVersion", "meta.k8s.io/v1"},
                        {"metadata", metadata != nullptr ? *metadata : Json::object()}};
  }
  return result;
}

} // namespace

std::string age_text(const std::string& created, int64_t now_s) {
  int64_t created_s = 0;
  if (!unix_seconds(created, created_s)) return "<unknown>";
  int64_t age = std::max<int64_t>(0, now_s - created_s);
  if (age < 2 * kMinute) return fmt::format("{}s", age);
  if (age < 10 * kMinute) return two_units(age, kMinute, "m", 1, "s");
  if (age < 3 * kHour) return fmt::format("{}m", age / kMinute);
  if (age < 8 * kHour) return two_units(age, kHour, "h", kMinute, "m");
  if (age < 2 * kDay) return fmt::format("{}h", age / kHour);
  if (age < 8 * kDay) return two_units(age, kDay, "d", kHour, "h");
  if (age < 2 * kYear) return fmt::format("{}d", age / kDay);
  return two_units(age, kYear, "y", kDay, "d");
}

Json cell(const Json& object, std::string_view pointer) {
  std::vector<std::string_view> steps = split(pointer, '/');
  Json found = Json::array();
  collect(object, std::span(steps).subspan(1), found);
  if (found.empty()) return nullptr;
  std::string text;
  for (const Json& value : found) text += (text.empty() ? "" : ",") + plain(value);
  return text;
}

Json table(const ResourceKind& kind, const std::vector<Json>& objects, const std::string& resource_version,
           RowObject row_object, int64_t now_s) {
  Json columns = Json::array({definition("Name", "name", 0)});
  for (const ResourceKind::Column& column : kind.columns)
    columns.push_back(definition(column.name, "", column.priority));
  columns.push_back(definition("Age", "", 0));
  Json rows = Json::array();
  for (const Json& object : objects) rows.push_back(row(kind, object, row_object, now_s));
  return {{"kind", "Table"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", {{"resourceVersion", resource_version}}},
          {"columnDefinitions", std::move(columns)},
          {"rows", std::move(rows)}};
}

} // namespace kgw::admin::kube
