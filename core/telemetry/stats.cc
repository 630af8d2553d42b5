#include "telemetry/stats.h"

#include <algorithm>
#include <map>

namespace kgw::telemetry {
namespace {

std::string escaped(const std::string& value) {
  std::string result;
  for (char c : value) {
    if (c == '\\' || c == '"') result += '\\';
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    result += c;
  }
  return result;
}

} // namespace

std::string stat_name(std::string_view counter) {
  std::string name(counter);
  for (std::string_view scope : {"limit_", "outlier_detection_", "health_check_"}) {
    if (name.starts_with(scope)) name[scope.size() - 1] = '.';
  }
  return name;
}

std::string stats_text(const std::vector<StatRow>& rows) {
  std::vector<std::string> lines;
  lines.reserve(rows.size());
  for (const StatRow& row : rows) lines.push_back(row.full_name + ": " + std::to_string(row.value) + "\n");
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

std::string stats_prometheus(const std::vector<StatRow>& rows) {
  std::map<std::string, std::vector<const StatRow*>> families; // a family's lines must stand together
  for (const StatRow& row : rows) families[row.family].push_back(&row);
  std::string text;
  for (const auto& [family, members] : families) {
    text += "# TYPE " + family + (members.front()->gauge ? " gauge\n" : " counter\n");
    for (const StatRow* row : members) {
      text += family;
      for (size_t i = 0; i < row->labels.size(); ++i) {
        text += (i == 0 ? "{" : ",") + row->labels[i].first + "=\"" + escaped(row->labels[i].second) + "\"";
      }
      text += (row->labels.empty() ? " " : "} ") + std::to_string(row->value) + "\n";
    }
  }
  return text;
}

} // namespace kgw::telemetry
