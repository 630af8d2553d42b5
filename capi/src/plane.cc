// The table of functions behind the admin address. All run on the control thread.

#include <algorithm>

#include "src/clusters_json.h"
#include "src/controller.h"
#include "src/plane_json.h"

namespace kgw::capi {
namespace {

using admin::ControlPlane;
using admin::ResourceId;
using admin::WriteOutcome;

std::string group_version(const ResourceId& id) { return (id.group.empty() ? "" : id.group + "/") + id.version; }

config::Identity identity_of(const ResourceId& id) {
  const config::KindInfo* info = config::find_kind(id.group, id.kind);
  if (info == nullptr) return {config::Kind::kIgnored, id.group, id.kind, id.namespace_name, id.name};
  return {info->kind, info->group, info->kind_name, info->namespaced ? id.namespace_name : "", id.name};
}

std::vector<admin::ResourceKind::Column> columns_of(config::Kind kind) {
  switch (kind) {
  case config::Kind::kHttpRoute:
    return {{"Hostnames", "/spec/hostnames", 0},
            {"Parents", "/spec/parentRefs/*/name", 1},
            {"Accepted", "/status/parents/*/conditions/type=Accepted/status", 1}};
  case config::Kind::kGateway:
    return {{"Class", "/spec/gatewayClassName", 0},
            {"Address", "/status/addresses/*/value", 0},
            {"Programmed", "/status/conditions/type=Programmed/status", 0}};
  case config::Kind::kRouteOption:
    return {{"Retry-On", "/spec/options/retries/retryOn", 0}, {"Retries", "/spec/options/retries/numRetries", 0}};
  case config::Kind::kTrafficPolicy:
  case config::Kind::kBackendConfigPolicy:
    return {{"Accepted", "/status/ancestors/*/conditions/type=Accepted/status", 0},
            {"Attached", "/status/ancestors/*/conditions/type=Attached/status", 0}};
  case config::Kind::kBackendTrafficPolicy:
    return {{"Accepted", "/status/ancestors/*/conditions/type=Accepted/status", 1}};
  case config::Kind::kService: return {{"Type", "/spec/type", 0}, {"Port(s)", "/spec/ports/*/port", 0}};
  case config::Kind::kEndpointSlice:
    return {{"AddressType", "/addressType", 0},
            {"Ports", "/ports/*/port", 0},
            {"Endpoints", "/endpoints/*/addresses/*", 0}};
  default: return {};
  }
}

std::vector<admin::ResourceKind> all_kinds() {
  std::vector<admin::ResourceKind> kinds;
  for (const config::KindInfo& info : config::kind_table()) {
    bool built_in = info.group.find('.') == std::string::npos || info.group == "discovery.k8s.io" ||
                    info.group == "networking.k8s.io" || info.group == "rbac.authorization.k8s.io";
    kinds.push_back({info.group, info.versions, info.kind_name, info.plural, info.singular, info.short_names,
                     info.namespaced, info.kind != config::Kind::kIgnored, built_in, columns_of(info.kind)});
  }
  return kinds;
}

const char* reason_of(config::ProblemClass problem_class) {
  using enum config::ProblemClass;
  switch (problem_class) {
  case kRequired: return "FieldValueRequired";
  case kUnsupportedValue: return "FieldValueNotSupported";
  case kDuplicate: return "FieldValueDuplicate";
  case kTooLong: return "FieldValueTooLong";
  case kTooMany: return "FieldValueTooMany";
  case kNotSupported: return "FieldValueForbidden";
  default: return "FieldValueInvalid";
  }
}

std::vector<admin::Problem> problems_of(const std::vector<config::Diagnostic>& diagnostics) {
  std::vector<admin::Problem> problems;
  for (const config::Diagnostic& diagnostic : diagnostics) {
    problems.push_back({diagnostic.severity == config::Severity::kWarning, reason_of(diagnostic.problem_class),
                        diagnostic.path, diagnostic.text});
  }
  return problems;
}

WriteOutcome::Status status_of(const config::WriteResult& result) {
  switch (result.status) {
  case config::WriteResult::Status::kInvalid: return WriteOutcome::Status::kInvalid;
  case config::WriteResult::Status::kAlreadyExists: return WriteOutcome::Status::kAlreadyExists;
  case config::WriteResult::Status::kConflict: return WriteOutcome::Status::kConflict;
  case config::WriteResult::Status::kNotFound: return WriteOutcome::Status::kNotFound;
  case config::WriteResult::Status::kOk: break;
  }
  switch (result.outcome) {
  case config::Outcome::kCreated: return WriteOutcome::Status::kCreated;
  case config::Outcome::kUnchanged: return WriteOutcome::Status::kUnchanged;
  case config::Outcome::kDeleted: return WriteOutcome::Status::kDeleted;
  default: return WriteOutcome::Status::kUpdated;
  }
}

} // namespace

WriteOutcome Controller::write(const ControlPlane::Write& write) {
  config::WriteRequest request{.object = write.object,
                               .create_only = write.create_only,
                               .dry_run = write.dry_run,
                               .expected_resource_version = write.expected_resource_version};
  if (write.field_validation == "Warn") request.validation = config::FieldValidation::kWarn;
  if (write.field_validation == "Ignore") request.validation = config::FieldValidation::kIgnore;
  config::WriteResult result = store_.write(request);
  WriteOutcome outcome{
      .status = status_of(result), .object = std::move(result.object), .problems = problems_of(result.problems)};
  if (write.dry_run) return outcome;
  // A refused write counts too: a protection that cannot be served turns the rules that name it into errors.
  auto warnings = refresh();
  if (result.status != config::WriteResult::Status::kOk) return outcome;
  std::erase_if(warnings, [&](const auto& warning) { return warning.object != identity_of(write.id).text(); });
  auto more = problems_of(warnings);
  outcome.problems.insert(outcome.problems.end(), more.begin(), more.end());
  // Status was computed by the translation, so the object is shown as it is after it.
  if (const config::StoredObject* stored = store_.get(identity_of(write.id)))
    outcome.object = store_.show(*stored, group_version(write.id));
  return outcome;
}

WriteOutcome Controller::remove(const ControlPlane::Remove& remove) {
  config::Identity id = identity_of(remove.id);
  nlohmann::json before;
  if (const config::StoredObject* stored = store_.get(id)) before = store_.show(*stored, group_version(remove.id));
  config::WriteResult result = store_.remove(id, remove.dry_run, remove.uid, remove.resource_version);
  WriteOutcome outcome{.status = status_of(result), .object = std::move(before), .problems = {}};
  if (result.status != config::WriteResult::Status::kOk) return outcome;
  outcome.status = WriteOutcome::Status::kDeleted;
  if (!remove.dry_run) log_fresh(refresh());
  return outcome;
}

nlohmann::json Controller::get(const ResourceId& id) {
  const config::StoredObject* object = store_.get(identity_of(id));
  if (object != nullptr) return store_.show(*object, group_version(id));
  if (id.kind != "Namespace" || !id.group.empty()) return nullptr;
  auto names = store_.namespaces(); // used ones exist without being declared
  if (std::find(names.begin(), names.end(), id.name) == names.end()) return nullptr;
  return {{"apiVersion", "v1"},
          {"kind", "Namespace"},
          {"metadata", {{"name", id.name}}},
          {"spec", nlohmann::json::object()},
          {"status", {{"phase", "Active"}}}};
}

std::vector<nlohmann::json> Controller::list(const ResourceId& id) {
  std::vector<nlohmann::json> objects;
  if (id.kind == "Namespace" && id.group.empty()) {
    for (const std::string& name : store_.namespaces()) objects.push_back(get({"", "v1", "Namespace", "", name}));
    return objects;
  }
  const config::KindInfo* info = config::find_kind(id.group, id.kind);
  if (info == nullptr) return objects;
  for (const config::StoredObject* object : store_.list(*info, id.namespace_name))
    objects.push_back(store_.show(*object, group_version(id)));
  return objects;
}

bool Controller::changes_after(const ResourceId& id, uint64_t after,
                               std::vector<std::pair<std::string, nlohmann::json>>& out) {
  std::vector<config::Change> changes;
  if (!store_.changes_after(after, changes)) return false;
  config::Identity wanted = identity_of(id);
  for (config::Change& change : changes) {
    if (change.id.kind != wanted.kind || change.id.kind_name != wanted.kind_name || change.id.group != wanted.group)
      continue;
    if (!id.namespace_name.empty() && change.id.namespace_name != id.namespace_name) continue;
    static constexpr const char* kTypes[] = {"ADDED", "MODIFIED", "DELETED"};
    change.object["apiVersion"] = group_version(id);
    out.emplace_back(kTypes[static_cast<int>(change.type)], std::move(change.object));
  }
  return true;
}

void Controller::build_plane() {
  using Answered = std::move_only_function<void(WriteOutcome)>;
  plane_.kinds = all_kinds;
  plane_.get = [this](const ResourceId& id) { return get(id); };
  plane_.list = [this](const ResourceId& id) { return list(id); };
  plane_.resource_version = [this] { return store_.resource_version(); };
  plane_.write = [this](const ControlPlane::Write& call, Answered done) { done(write(call)); };
  plane_.remove = [this](const ControlPlane::Remove& call, Answered done) { done(remove(call)); };
  plane_.changes_after = [this](const ResourceId& id, uint64_t after, auto& out) {
    return changes_after(id, after, out);
  };
  plane_.routes = [this] { return routes_json(routes_now()); };
  plane_.attempts = [this](size_t limit) { return attempts_json(attempts(limit)); };
  plane_.settings = settings_json;
  plane_.stats_text = [this] { return telemetry::stats_text(gateway_->stats()); };
  plane_.stats_json = [this] { return stats_json(gateway_->stats()); };
  plane_.stats_prometheus = [this] { return telemetry::stats_prometheus(gateway_->stats()); };
  plane_.clusters_text = [this] { return telemetry::clusters_text(gateway_->clusters()); };
  plane_.clusters_json = [this] { return clusters_json(gateway_->clusters()); };
  plane_.listeners_text = [this] { return listeners_text(gateway_->bindings()); };
  plane_.server_info = [] { return nlohmann::json{{"version", KGW_VERSION_TEXT}, {"state", "LIVE"}}; };
  plane_.ready = [this] { return gateway_->running() && !stopped_; };
}

} // namespace kgw::capi
