#pragma once
// What an object's JSON looks like in the store, and in the answers.

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "config/objects.h"

namespace kgw::config {

struct StoredObject;

inline constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// The document as it is to be stored: without status, nulls, unknown fields (`pruned`, JSON pointers) and what the
// server owns in metadata; with name, namespace and, for a Service, the defaults that kubectl expects to see.
nlohmann::json stored_json(nlohmann::json document, const Identity& id, const std::vector<std::string>& pruned);

// The text of the annotation with which a later `kubectl apply` compares: byte for byte what kubectl itself would write
// for this manifest.
std::string last_applied_text(nlohmann::json document, const Identity& id);
void set_annotation(nlohmann::json& object, const char* name, std::string value);

// What a refused policy names in targetRefs and targetSelectors, read loosely since it did not pass validation: a list
// or one object, in either spelling.
std::vector<PolicyTarget> named_targets(const nlohmann::json& document);

// Whether anything but metadata differs (status never stands in either).
bool same_content(const nlohmann::json& a, const nlohmann::json& b);
// Whether the two differ in nothing, labels and annotations included. The version of the API that wrote them does not
// count.
bool same_object(const nlohmann::json& a, const nlohmann::json& b);

// Copies uid, resourceVersion, generation and creationTimestamp into the JSON's metadata.
void stamp_metadata(StoredObject& object);

} // namespace kgw::config
