#pragma once
// The objects in force, by identity, with what Kubernetes wants to know about each: uid, generation, resourceVersion,
// status. One thread (control). Nothing here serves traffic: `translate` turns the store into a Spec.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/objects.h"
#include "snapshot/spec.h"

namespace kgw::config {

struct StoredObject {
  Object object;
  nlohmann::json json;   // apiVersion, kind, metadata (server-owned fields included), spec...; without status
  nlohmann::json status; // null when the kind has none
  std::string uid;
  uint64_t resource_version = 0;
  int64_t generation = 1;
  int64_t created_s = 0; // Unix seconds
  std::string source;    // the file it came from, "" for the admin address and API calls
};

enum class Outcome : uint8_t { kCreated, kConfigured, kUnchanged, kIgnored, kRejected, kDeleted };
const char* outcome_text(Outcome outcome);

struct ApplyResult {
  Outcome outcome = Outcome::kRejected;
  Identity id;
  std::string api_version;
  std::vector<Diagnostic> problems; // of this document: errors and warnings, also those that translation found
};

// One write through the admin address, already merged by the caller.
struct WriteRequest {
  nlohmann::json object;
  bool create_only = false; // POST: kAlreadyExists when there
  bool dry_run = false;
  FieldValidation validation = FieldValidation::kStrict;
  std::string expected_resource_version; // empty: none
};
struct WriteResult {
  enum class Status : uint8_t { kOk, kInvalid, kAlreadyExists, kConflict, kNotFound } status = Status::kOk;
  Outcome outcome = Outcome::kUnchanged;
  nlohmann::json object; // as it is stored now (or would be), with status
  std::vector<Diagnostic> problems;
};

struct Change {
  enum class Type : uint8_t { kAdded, kModified, kDeleted } type;
  Identity id;
  nlohmann::json object;
  uint64_t resource_version;
};

struct TranslateOptions {
  std::string host = "127.0.0.1"; // --host
  struct Listen {                 // --listen LISTENER=ADDR:PORT
    std::string listener, address;
    uint16_t port = 0;
  };
  std::vector<Listen> listens;
  struct Override { // --backend NAMESPACE/SERVICE[:PORT]=HOST:PORT,...; name "*" is the fallback
    std::string namespace_name, name;
    uint16_t port = 0; // 0: every port
    std::vector<snapshot::EndpointSpec> endpoints;
  };
  std::vector<Override> overrides;
  snapshot::Settings settings; // after --edge and --set
  // Why a certificate (chain and key as PEM) cannot be used; empty: it can. Without it, all can.
  std::function<std::string(const std::string& chain, const std::string& key)> check_certificate;
};

// Binding outcome of one listener, told back after prepare: becomes the conditions PortUnavailable / Programmed.
struct ListenerBinding {
  std::string listener; // NAMESPACE/GATEWAY/LISTENER
  bool bound = true;
  std::string address; // bound address
  uint16_t port = 0;
  std::string error;
};

class Store {
 public:
  // `wall_now_us`: the wall clock in microseconds (creation stamps, the start of the resourceVersion counter);
  // `random`: uids.
  Store(std::function<int64_t()> wall_now_us, uint64_t random_seed);
  ~Store();

  // Validates and stores each document of `text` alone (RESOURCE rules: one bad document does not stop the others).
  // `file` names the source in diagnostics and, when `from_file`, in StoredObject::source. An empty default namespace
  // is "default" and no mismatch check is made; otherwise a document of another namespace is rejected.
  std::vector<ApplyResult> apply_text(std::string_view text, const std::string& file,
                                      const std::string& default_namespace, bool from_file, bool dry_run = false,
                                      const ParseLimits& limits = {});
  // Deletes what came from `sources` and is not in `keep` (reload).
  std::vector<Identity> delete_sources_except(const std::vector<std::string>& sources,
                                              const std::vector<Identity>& keep);

  WriteResult write(const WriteRequest& request);
  // kNotFound, or kConflict when uid / resourceVersion preconditions (may be empty) do not hold.
  WriteResult remove(const Identity& id, bool dry_run, const std::string& uid = {},
                     const std::string& resource_version = {});

  const StoredObject* get(const Identity& id) const;
  std::vector<const StoredObject*> list(const KindInfo& kind, const std::string& namespace_name) const; // "" = all
  std::vector<std::string> namespaces() const; // declared, used, and default
  uint64_t resource_version() const;
  // The object as the API shows it, with the apiVersion of `group_version`.
  nlohmann::json show(const StoredObject& object, const std::string& group_version) const;

  // Resolves everything, computes status conditions (kept in the store; lastTransitionTime moves only with status) and
  // warnings. Never fails: what is broken answers 500 as the rules say.
  struct Translation {
    snapshot::Spec spec;
    std::vector<Diagnostic> warnings;
  };
  Translation translate(const TranslateOptions& options);
  // Folds binding outcomes into the conditions of the last translation.
  void report_bindings(const std::vector<ListenerBinding>& bindings);

  // The bounded log of changes, for watches: what happened after `resource_version`; false when that is too old.
  bool changes_after(uint64_t resource_version, std::vector<Change>& out) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace kgw::config
