#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "config/readers.h"
#include "config/rules.h"
#include "snapshot/settings.h"

namespace kgw::config {
namespace {

constexpr std::string_view kSettingPrefix = "kgwcore.dev/";

std::optional<snapshot::Scope> scope_of(Kind kind) {
  switch (kind) {
  case Kind::kGateway: return snapshot::Scope::kListener;
  case Kind::kService:
  case Kind::kBackend:
  case Kind::kGlooUpstream:
  case Kind::kKgatewayUpstream: return snapshot::Scope::kCluster;
  case Kind::kRouteOption:
  case Kind::kHttpRoute: return snapshot::Scope::kRoute;
  default: return std::nullopt;
  }
}

void read_namespace(Fields& metadata, const KindInfo* info, const std::string& default_namespace, Meta& meta) {
  Value value = metadata.get("namespace");
  if (info != nullptr && !info->namespaced) {
    if (value.present())
      value.error(ProblemClass::kInvalid, fmt::format("no namespace: a {} belongs to none", info->kind_name));
    return;
  }
  std::string standard = default_namespace.empty() ? "default" : default_namespace;
  bool given = value.present() && value.shown() != "\"\""; // an empty one counts as none
  meta.id.namespace_name = given ? value.text(kDnsLabel, standard) : standard;
  if (!given && !is_dns_label(standard)) {
    value.error_text(ProblemClass::kInvalid, problem_text(ProblemClass::kInvalid, in_quotes(standard), kDnsLabel.need,
                                                          "the namespace of this call"));
  } else if (!default_namespace.empty() && meta.id.namespace_name != default_namespace) {
    value.error(ProblemClass::kNamespaceMismatch, in_quotes(default_namespace), "the namespace of this call");
  }
}

bool is_setting_known(std::string_view name, snapshot::Scope scope) {
  return std::ranges::any_of(snapshot::setting_rows(),
                             [&](const auto& row) { return row.name == name && row.scope == scope; });
}

void check_setting(const Fields& metadata, const Meta& meta, const std::string& annotation, Position key_at,
                   const Node& value) {
  std::string_view name = std::string_view(annotation).substr(kSettingPrefix.size());
  std::string path = fmt::format("{}.annotations[{}]", metadata.self().path(), annotation);
  auto report = [&](ProblemClass problem_class, Position at, std::string_view text) {
    metadata.report().add(Severity::kError, problem_class, at, path,
                          fmt::format("{}: {}", class_text(problem_class), text));
  };
  auto scope = scope_of(meta.id.kind);
  if (!scope) return report(ProblemClass::kInvalid, key_at, fmt::format("a {} has no settings", meta.id.kind_name));
  snapshot::Settings scratch;
  auto set = snapshot::set_setting(scratch, *scope, name, value.text);
  if (set) return;
  report(ProblemClass::kInvalid, is_setting_known(name, *scope) ? value.at : key_at, set.error().text);
}

} // namespace

void check_settings(const Fields& metadata, const Meta& meta) {
  const Node* annotations = metadata.present() ? metadata.self().node()->get("annotations") : nullptr;
  if (annotations == nullptr) return;
  for (size_t i = 0; i < annotations->map.size(); ++i) {
    const auto& [name, value] = annotations->map[i];
    if (!name.starts_with(kSettingPrefix) || value.kind != Node::Kind::kString) continue;
    check_setting(metadata, meta, name, annotations->key_at[i], value);
  }
}

void read_metadata(Fields& top, const KindInfo* info, const std::string& default_namespace, Meta& meta) {
  Fields metadata(top.get("metadata", Need::kRequired));
  const bool service = meta.id.kind == Kind::kService, is_namespace = meta.id.kind == Kind::kNamespace;
  // Names of foreign kinds have rules of their own (a ClusterRole may be called system:node).
  const TextRule& rule = meta.id.kind == Kind::kIgnored ? kNotEmpty
                         : service                      ? kServiceName
                         : is_namespace                 ? kDnsLabel
                                                        : kDnsName;
  Value generated = metadata.get("generateName");
  if (generated.present()) {
    generated.error(ProblemClass::kInvalid, "metadata.name", "an applied object needs a name of its own");
  }
  meta.id.name = metadata.text("name", rule, generated.present() ? Need::kOptional : Need::kRequired);
  read_namespace(metadata, info, default_namespace, meta);
  meta.labels = metadata.get("labels").labels();
  meta.annotations = metadata.get("annotations").labels();
  meta.creation_timestamp = metadata.text("creationTimestamp", kTimestamp);
  metadata.ignore({"generation", "uid", "resourceVersion", "managedFields", "ownerReferences", "finalizers", "selfLink",
                   "deletionTimestamp", "deletionGracePeriodSeconds"});
  if (meta.id.kind == Kind::kIgnored) {
    metadata.ignore_rest();
  } else {
    check_settings(metadata, meta);
  }
}

} // namespace kgw::config
