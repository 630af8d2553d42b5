#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {
namespace {

struct Named {
  std::string api_version, group, version, kind_name;
};

Named read_names(Fields& top) {
  Named named;
  named.api_version = top.text("apiVersion", kNotEmpty, Need::kRequired);
  named.kind_name = top.text("kind", kNotEmpty, Need::kRequired);
  size_t slash = named.api_version.find('/');
  if (slash == std::string::npos) {
    named.version = named.api_version;
  } else {
    named.group = named.api_version.substr(0, slash);
    named.version = named.api_version.substr(slash + 1);
  }
  return named;
}

void no_such_kind(Fields& top, const Named& named) {
  if (named.kind_name == "List") return top.get("items").error(ProblemClass::kInvalid, "a list of objects");
  std::string meant = nearest_kind(named.group, named.kind_name);
  std::string group = meant.empty() ? nearest_group(named.group, named.kind_name) : "";
  std::string hint = !meant.empty()   ? fmt::format(" (did you mean \"{}\"?)", meant)
                     : !group.empty() ? fmt::format(" (did you mean the group \"{}\"?)", group)
                                      : "";
  top.get("kind").error_text(ProblemClass::kNoSuchKind,
                             fmt::format("{}: got \"{}\" in version \"{}\"; need a kind of that group{}",
                                         class_text(ProblemClass::kNoSuchKind), named.kind_name, named.api_version,
                                         hint));
}

// Of a kind that is refused whole: backends in clear, or routes without their checks, would be the result.
bool asks_for_protection(const Fields& top, std::string_view kind_name) {
  if (kind_name == "BackendTLSPolicy") return true;
  const Node* spec = top.self().node()->get("spec");
  const Node* options = spec == nullptr ? nullptr : spec->get("options");
  auto protects = [](const Node* node) {
    return node != nullptr && std::ranges::any_of(node->map, [](const auto& field) {
             return std::ranges::find(kTrafficProtections, field.first) != std::end(kTrafficProtections) ||
                    std::ranges::find(kOptionProtections, field.first) != std::end(kOptionProtections);
           });
  };
  return protects(spec) || protects(options);
}

// Whether the document can be read on; says why not.
bool check_kind(Fields& top, const Named& named, const KindInfo* info) {
  if (info != nullptr) {
    // Other versions of a foreign kind are as meaningless here as the first.
    if (info->kind == Kind::kIgnored || std::ranges::find(info->versions, named.version) != info->versions.end())
      return true;
    top.get("apiVersion")
        .error_text(ProblemClass::kNoSuchKind, fmt::format("{}: got \"{}\" in version \"{}\"; need version {}",
                                                           class_text(ProblemClass::kNoSuchKind), named.kind_name,
                                                           named.api_version, fmt::join(info->versions, " or ")));
    return false;
  }
  const char* text = nullptr;
  switch (standing_of(named.group, named.kind_name)) {
  case Standing::kIgnored:
    // Other projects have kinds of the same name, so this is no error.
    if (std::string group = group_of_namesake(named.kind_name); !group.empty()) {
      top.get("apiVersion")
          .warn(fmt::format("a {} of the group {} has no effect here; the one that is served is of {}", named.kind_name,
                            in_quotes(named.group), group));
    }
    return true;
  case Standing::kNotYet: text = "kind not supported yet by kgwcore (accepted by kgateway)"; break;
  case Standing::kRefused:
    text = "kind not supported by kgwcore (accepted by kgateway)";
    top.report().protection = asks_for_protection(top, named.kind_name);
    break;
  case Standing::kUnknown: no_such_kind(top, named); return false;
  }
  top.get("kind").error_text(ProblemClass::kNotSupported, text);
  return false;
}

// The first group of a kind stands for all of them: both RouteOptions are one.
std::string first_group(const KindInfo& info) {
  auto first = std::ranges::find(kind_table(), info.kind, &KindInfo::kind);
  return info.kind == Kind::kIgnored ? info.group : first->group;
}

Payload read_payload(Fields& top, const Meta& meta) {
  switch (meta.id.kind) {
  case Kind::kGateway: return read_gateway(top);
  case Kind::kHttpRoute: return read_http_route(top);
  case Kind::kRouteOption: return read_route_option(top);
  case Kind::kService: return read_service(top);
  case Kind::kEndpointSlice: return read_endpoint_slice(top, meta);
  case Kind::kBackend:
  case Kind::kKgatewayUpstream: return read_backend(top);
  case Kind::kGlooUpstream: return read_gloo_upstream(top);
  case Kind::kDirectResponse: return read_direct_response(top);
  case Kind::kSecret: return read_secret(top);
  case Kind::kReferenceGrant: return read_reference_grant(top);
  case Kind::kTrafficPolicy: return read_traffic_policy(top);
  case Kind::kBackendConfigPolicy: return read_backend_config_policy(top);
  case Kind::kBackendTrafficPolicy: return read_backend_traffic_policy(top);
  case Kind::kNamespace:
  case Kind::kGatewayClass: top.ignore({"spec"}); break;
  case Kind::kIgnored: top.ignore_rest(); break;
  }
  return Bare{};
}

struct Read {
  Object object;
  bool named = false; // kind and name are known
};

// Everything that asks for fields; when it returns, unknown fields are reported too.
Read read_document(Report& report, const Node& root, const std::string& default_namespace) {
  Read read;
  Fields top(Value(report, &root, "", "", root.at));
  Named named = read_names(top);
  if (report.failed) {
    top.ignore_rest();
    return read;
  }
  const KindInfo* info = find_kind(named.group, named.kind_name);
  Meta meta;
  meta.id.kind = info == nullptr ? Kind::kIgnored : info->kind;
  meta.id.group = info == nullptr ? named.group : first_group(*info);
  meta.id.kind_name = named.kind_name;
  bool known = check_kind(top, named, info);
  read_metadata(top, info, default_namespace, meta);
  top.ignore({"status"});
  if (known) {
    read.object.payload = read_payload(top, meta);
  } else {
    top.ignore_rest();
  }
  read.named = !meta.id.name.empty();
  read.object.api_version = named.api_version;
  read.object.id = std::move(meta.id);
  read.object.labels = std::move(meta.labels);
  read.object.annotations = std::move(meta.annotations);
  read.object.creation_timestamp = std::move(meta.creation_timestamp);
  return read;
}

bool before(const Diagnostic& a, const Diagnostic& b) {
  return a.at.line != b.at.line ? a.at.line < b.at.line : a.at.column < b.at.column;
}

} // namespace

Validated validate(const Document& document, const std::string& default_namespace, FieldValidation validation) {
  Report report{document.file, validation};
  Read read = read_document(report, document.root, default_namespace);
  Validated result;
  if (!read.object.id.kind_name.empty()) result.id = read.object.id;
  if (read.named) {
    for (Diagnostic& problem : report.problems) problem.object = read.object.id.text();
  }
  result.ignored = !report.failed && read.object.id.kind == Kind::kIgnored;
  result.protection = report.protection;
  result.problems = std::move(report.problems);
  result.pruned = std::move(report.pruned);
  std::ranges::stable_sort(result.problems, before);
  if (report.failed) return result;
  read.object.file = document.file;
  read.object.at = document.root.at;
  result.object = std::move(read.object);
  return result;
}

} // namespace kgw::config
