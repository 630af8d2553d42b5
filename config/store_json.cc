#include "config/store_json.h"

#include <algorithm>
#include <array>

#include "config/conditions.h"
#include "config/store.h"
#include "config/store_stamp.h"

namespace kgw::config {
namespace {

using nlohmann::json;

constexpr std::array kServerOwned = {"uid",           "resourceVersion", "generation", "creationTimestamp", "selfLink",
                                     "managedFields", "ownerReferences", "finalizers", "generateName"};

void drop_nulls(json& value) {
  if (value.is_object()) {
    for (auto it = value.begin(); it != value.end();) {
      if (it->is_null()) {
        it = value.erase(it);
      } else {
        drop_nulls(*it++);
      }
    }
  } else if (value.is_array()) {
    for (json& item : value) drop_nulls(item);
  }
}

// Pointers are erased from the last to the first, so that list positions stay true.
void prune(json& document, const std::vector<std::string>& pruned) {
  for (auto path = pruned.rbegin(); path != pruned.rend(); ++path) {
    json::json_pointer pointer(*path);
    if (pointer.empty() || !document.contains(pointer)) continue;
    json& parent = document.at(pointer.parent_pointer());
    if (parent.is_object()) parent.erase(pointer.back());
    if (parent.is_array()) parent.erase(std::stoul(pointer.back()));
  }
}

void default_to(json& object, const char* key, json value) {
  if (!object.contains(key)) object[key] = std::move(value);
}

std::string text_member(const json& object, std::string_view key) {
  const json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

// kubectl merges a Service's ports by key, so defaults inside do no harm, and `describe` prints blanks without them.
void fill_service(json& document) {
  json& spec = document["spec"];
  if (!spec.is_object()) spec = json::object();
  default_to(spec, "type", "ClusterIP");
  default_to(spec, "sessionAffinity", "None");
  auto ports = spec.find("ports");
  if (ports == spec.end() || !ports->is_array()) return;
  for (json& port : *ports) {
    default_to(port, "protocol", "TCP");
    default_to(port, "targetPort", port.value("port", 0));
  }
}

void set_name(json& metadata, const Identity& id) {
  if (!metadata.is_object()) metadata = json::object();
  metadata["name"] = id.name;
  if (!id.namespace_name.empty()) metadata["namespace"] = id.namespace_name;
}

// Without a name or labels the target is everything of its kind, and without a kind everything: a protection whose
// target cannot be read must not fall away in silence.
PolicyTarget loose_target(const json& ref) {
  PolicyTarget target;
  target.group = text_member(ref, "group");
  target.kind = text_member(ref, "kind");
  target.name = text_member(ref, "name");
  target.section_name = text_member(ref, "sectionName");
  const json& labels = member(ref, "matchLabels");
  if (labels.is_object()) {
    for (const auto& [key, value] : labels.items()) target.labels[key] = text_member(labels, key);
  }
  return target;
}

// Go's encoder writes these characters as escapes; they stand only inside strings.
std::string with_go_escapes(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    std::string_view rest(text.data() + i, text.size() - i);
    if (text[i] == '<') {
      out += "\\u003c";
    } else if (text[i] == '>') {
      out += "\\u003e";
    } else if (text[i] == '&') {
      out += "\\u0026";
    } else if (rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xe2\x80\xa9")) {
      out += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Walks the members of both objects that are not named in `skipped`, which both may have or lack.
bool same_members(const json& a, const json& b, std::initializer_list<std::string_view> skipped) {
  auto counts = [&](const json& object) {
    size_t count = object.size();
    for (std::string_view key : skipped) count -= object.contains(std::string(key)) ? 1 : 0;
    return count;
  };
  if (counts(a) != counts(b)) return false;
  for (const auto& [key, value] : a.items()) {
    if (std::ranges::find(skipped, key) != skipped.end()) continue;
    auto other = b.find(key);
    if (other == b.end() || *other != value) return false;
  }
  return true;
}

} // namespace

json stored_json(json document, const Identity& id, const std::vector<std::string>& pruned) {
  prune(document, pruned);
  document.erase("status");
  drop_nulls(document);
  json& metadata = document["metadata"];
  set_name(metadata, id);
  for (const char* key : kServerOwned) metadata.erase(key);
  for (const char* key : {"labels", "annotations"}) {
    if (metadata.contains(key) && metadata[key].empty()) metadata.erase(key);
  }
  if (id.kind == Kind::kService) fill_service(document);
  return document;
}

std::string last_applied_text(json document, const Identity& id) {
  json& metadata = document["metadata"];
  set_name(metadata, id);
  json& annotations = metadata["annotations"];
  if (!annotations.is_object()) annotations = json::object();
  annotations.erase(kLastApplied);
  return with_go_escapes(document.dump(-1, ' ', false, json::error_handler_t::replace)) + "\n";
}

void set_annotation(json& object, const char* name, std::string value) {
  json& annotations = object["metadata"]["annotations"];
  if (!annotations.is_object()) annotations = json::object();
  annotations[name] = std::move(value);
}

std::vector<PolicyTarget> named_targets(const json& document) {
  std::vector<PolicyTarget> targets;
  const json& spec = member(document, "spec");
  for (const char* key : {"targetRefs", "target_refs", "targetRef", "targetSelectors", "target_selectors"}) {
    const json& refs = member(spec, key);
    if (refs.is_object()) targets.push_back(loose_target(refs));
    if (!refs.is_array()) continue;
    for (const json& ref : refs) targets.push_back(loose_target(ref));
  }
  return targets;
}

bool same_content(const json& a, const json& b) { return same_members(a, b, {"metadata", "apiVersion"}); }

bool same_object(const json& a, const json& b) {
  return same_content(a, b) && same_members(a.at("metadata"), b.at("metadata"),
                                            {"uid", "resourceVersion", "generation", "creationTimestamp"});
}

void stamp_metadata(StoredObject& object) {
  json& metadata = object.json["metadata"];
  metadata["uid"] = object.uid;
  if (object.resource_version != 0) metadata["resourceVersion"] = std::to_string(object.resource_version);
  metadata["generation"] = object.generation;
  metadata["creationTimestamp"] = rfc3339(object.created_s);
}

} // namespace kgw::config
