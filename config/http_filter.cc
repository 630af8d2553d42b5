#include <fmt/format.h>

#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {
namespace {

struct FilterType {
  std::string_view type, field;
  enum class Level : uint8_t { kBuilt, kLater, kProtection } level;
};
constexpr FilterType kTypes[] = {
    {"ExtensionRef", "extensionRef", FilterType::Level::kBuilt},
    {"RequestHeaderModifier", "requestHeaderModifier", FilterType::Level::kLater},
    {"ResponseHeaderModifier", "responseHeaderModifier", FilterType::Level::kLater},
    {"RequestRedirect", "requestRedirect", FilterType::Level::kLater},
    {"URLRewrite", "urlRewrite", FilterType::Level::kLater},
    {"RequestMirror", "requestMirror", FilterType::Level::kLater},
    {"CORS", "cors", FilterType::Level::kLater},
    {"ExternalAuth", "externalAuth", FilterType::Level::kProtection},
};

ObjectRef read_extension(const Value& value) {
  Fields fields(value);
  ObjectRef ref;
  ref.at = value.at();
  ref.group = fields.text("group", kGroup, Need::kRequired);
  ref.kind = fields.text("kind", kKindName, Need::kRequired);
  ref.name = fields.text("name", kDnsName, Need::kRequired);
  return ref;
}

// The object that goes with the type must be there, and no other one.
void check_bodies(Fields& fields, const std::string& type) {
  for (const FilterType& known : kTypes) {
    Value body = fields.get(known.field);
    if (known.type == type && !body.present()) {
      body.error_text(ProblemClass::kRequired,
                      fmt::format("required value missing: got nothing; need {} for type {}", known.field, type));
    } else if (known.type != type && body.present()) {
      body.error(ProblemClass::kInvalid, fmt::format("no {} in a filter of type {}", known.field, type));
    }
  }
}

void check_level(const Value& type, const std::string& name) {
  for (const FilterType& known : kTypes) {
    if (known.type != name || known.level == FilterType::Level::kBuilt) continue;
    bool protection = known.level == FilterType::Level::kProtection;
    type.report().protection |= protection;
    type.error_text(ProblemClass::kNotSupported, protection ? class_text(ProblemClass::kNotSupported) : kNotYetText);
  }
}

} // namespace

std::vector<ObjectRef> read_filters(Fields& rule) {
  std::vector<ObjectRef> refs;
  for (const Value& item : rule.items("filters", {0, 16})) {
    Fields fields(item);
    Value type = fields.get("type", Need::kRequired);
    std::string name = type.word({"ExtensionRef", "RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect",
                                  "URLRewrite", "RequestMirror", "CORS", "ExternalAuth"});
    if (name.empty()) {
      fields.ignore_rest();
      continue;
    }
    check_bodies(fields, name);
    check_level(type, name);
    if (name == "ExtensionRef" && fields.get("extensionRef").present()) {
      refs.push_back(read_extension(fields.get("extensionRef")));
    }
  }
  return refs;
}

} // namespace kgw::config
