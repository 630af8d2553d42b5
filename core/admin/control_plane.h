#pragma once
// What the admin address needs from the rest: a table of functions that capi/ fills in from config's store and the
// gateway. All are called on the control thread. admin knows no object's meaning, only its JSON.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace kgw::admin {

struct ResourceKind {
  std::string group; // "" is the core group
  std::vector<std::string> versions;
  std::string kind, plural, singular;
  std::vector<std::string> short_names;
  bool namespaced = true;
  bool ours = true;      // a kind that kgwcore gives meaning to: no strategic merge patch, no defaults
  bool built_in = false; // a kind whose Go type kubectl has: strategic merge patches come
  // Extra columns of Table answers: name, pointer, priority (1: only -o wide). Age and Name are added by admin. A
  // pointer is a JSON pointer ("/spec/hostnames") whose steps may also select from lists: "*" every element,
  // "type=Accepted" those whose `type` has that text. Several values are joined by commas.
  struct Column {
    std::string name, pointer;
    int priority = 0;
  };
  std::vector<Column> columns;
};

struct ResourceId {
  std::string group, version, kind, namespace_name, name;
};

struct Problem {
  bool warning = false;
  std::string reason; // FieldValueInvalid, FieldValueRequired, FieldValueNotSupported, FieldValueDuplicate,
                      // FieldValueTooLong, FieldValueTooMany, FieldValueForbidden
  std::string field, text;
};

struct WriteOutcome {
  enum class Status : uint8_t {
    kCreated,
    kUpdated,
    kUnchanged,
    kDeleted,
    kInvalid,
    kAlreadyExists,
    kConflict,
    kNotFound
  } status;
  nlohmann::json object;         // as stored, in the version asked for
  std::vector<Problem> problems; // errors of kInvalid; warnings of the others
};

struct ControlPlane {
  std::function<std::vector<ResourceKind>()> kinds;
  std::function<nlohmann::json(const ResourceId&)> get; // null when absent
  // Objects of a kind in `namespace_name` ("" = all), in the version asked for.
  std::function<std::vector<nlohmann::json>(const ResourceId&)> list;
  std::function<uint64_t()> resource_version;
  // Stores a whole object (patches are merged by admin before). The answer leaves after every worker has the new
  // snapshot.
  struct Write {
    ResourceId id;
    nlohmann::json object;
    bool create_only = false, dry_run = false;
    std::string field_validation;          // Strict, Warn, Ignore
    std::string expected_resource_version; // empty: none
  };
  std::function<void(Write, std::move_only_function<void(WriteOutcome)>)> write;
  struct Remove {
    ResourceId id;
    bool dry_run = false;
    std::string uid, resource_version; // preconditions; empty: none
  };
  std::function<void(Remove, std::move_only_function<void(WriteOutcome)>)> remove;

  // Watches: changes after a resourceVersion (type ADDED, MODIFIED, DELETED; object); false: too old. `on_change` is
  // set by admin and called after each store change.
  std::function<bool(const ResourceId&, uint64_t after, std::vector<std::pair<std::string, nlohmann::json>>&)>
      changes_after;

  // Views. `kgw/v1` paths answer these as they are.
  std::function<nlohmann::json()> routes;
  std::function<nlohmann::json(size_t limit)> attempts; // array, newest last
  std::function<nlohmann::json()> settings;
  std::function<std::string()> stats_text; // Envoy's: name: value
  std::function<nlohmann::json()> stats_json;
  std::function<std::string()> stats_prometheus;
  std::function<std::string()> clusters_text, listeners_text; // Envoy's
  std::function<nlohmann::json()> clusters_json;
  std::function<nlohmann::json()> server_info;
  std::function<bool()> ready; // all sockets listen and not draining
};

} // namespace kgw::admin
