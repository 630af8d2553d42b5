#include "src/plane_json.h"

#include "telemetry/access_log_line.h"

namespace kgw::capi {

nlohmann::json routes_json(const std::vector<RouteView>& views) {
  nlohmann::json rows = nlohmann::json::array();
  for (const RouteView& view : views) {
    rows.push_back({{"listener", view.row.listener},
                    {"hostname", view.row.hostname},
                    {"path_kind", view.row.path_kind},
                    {"path", view.row.path},
                    {"method", view.row.method},
                    {"conditions", view.row.conditions},
                    {"rule", view.row.rule},
                    {"target", view.target},
                    {"budget", view.budget}});
  }
  return rows;
}

nlohmann::json attempts_json(const std::vector<telemetry::RequestView>& views) {
  nlohmann::json rows = nlohmann::json::array();
  std::string text;
  for (const telemetry::RequestView& view : views) {
    text.clear();
    telemetry::append_json(text, view);
    rows.push_back(nlohmann::json::parse(text));
  }
  return rows;
}

nlohmann::json settings_json() {
  nlohmann::json rows = nlohmann::json::array();
  for (const snapshot::SettingRow& row : snapshot::setting_rows()) {
    rows.push_back({{"name", row.name},
                    {"scope", snapshot::scope_name(row.scope)},
                    {"unit", row.unit()},
                    {"default", row.value},
                    {"edge", row.edge},
                    {"least", row.least},
                    {"most", row.most},
                    {"meaning", row.meaning},
                    {"words", row.words}});
  }
  return rows;
}

nlohmann::json stats_json(const std::vector<telemetry::StatRow>& stats) {
  nlohmann::json rows = nlohmann::json::array();
  for (const telemetry::StatRow& row : stats) rows.push_back({{"name", row.full_name}, {"value", row.value}});
  return {{"stats", std::move(rows)}};
}

std::string listeners_text(const std::vector<gateway::Binding>& bindings) {
  std::string text;
  for (const gateway::Binding& binding : bindings) {
    if (binding.bound) text += binding.listener + "::" + binding.address.text() + "\n";
  }
  return text;
}

} // namespace kgw::capi
