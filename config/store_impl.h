#pragma once
// The inside of the Store, shared by the files that implement it.

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "config/store.h"
#include "config/translate.h"

namespace kgw::config {

// One identity per object whatever group its document named: the group and kind name of the kind's first row.
Identity canonical(Identity id);
Identity identity_of(Kind kind, const std::string& namespace_name, const std::string& name);

// What a write does besides its content.
struct WriteOrigin {
  int64_t stamp_s = 0;      // creation time of what is new
  bool from_text = false;   // apply_text: positions are known, last-applied is written
  std::string source;       // file, "" for none
  bool honour_time = false; // the document's own creationTimestamp counts
};

struct Store::Impl {
  static constexpr size_t kLogLength = 1024;

  std::function<int64_t()> wall_now_us;
  base::Random random;
  uint64_t version;   // of the newest change
  uint64_t log_start; // every change after this one is in the log
  std::map<Identity, StoredObject> objects;
  std::map<Identity, Rejection> rejections;
  std::deque<Change> log;
  std::vector<GatewaySummary> gateways;                         // of the last translation
  std::map<std::string, std::vector<ListenerBinding>> bindings; // by listener; what was last reported

  int64_t now_s() const { return wall_now_us() / 1'000'000; }
  StoredObject* find(const Identity& id);

  // What storing `object` would give; the outcome is kCreated, kConfigured or kUnchanged.
  std::pair<Outcome, StoredObject> prepare(Object object, nlohmann::json document, const WriteOrigin& origin);
  const StoredObject& commit(Outcome outcome, StoredObject object);
  // One document of a text.
  ApplyResult apply(const Document& document, const std::string& default_namespace, const WriteOrigin& origin,
                    bool dry_run);
  void erase(const Identity& id);
  void set_status(StoredObject& object, nlohmann::json status);
  void record(Change::Type type, const StoredObject& object);
  void reject(const Validated& validated, const nlohmann::json& document, const std::string& source);
  // The namespace and everything in it.
  void erase_namespace(const std::string& name);
  void write_gateway_statuses(const std::string& now);
};

nlohmann::json with_status(const StoredObject& object);

} // namespace kgw::config
