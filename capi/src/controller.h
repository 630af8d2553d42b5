#pragma once
// The store, the gateway and the admin address, joined. What the C functions and the admin address both do is written
// here once. Methods may be called from any thread: they run on the control thread, one at a time.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "admin/server.h"
#include "config/store.h"
#include "gateway/gateway.h"
#include "src/options.h"
#include "telemetry/request_view.h"

namespace kgw::capi {

struct Text {
  std::string file, text;
};

struct ApplyCall {
  std::vector<Text> texts;
  std::string default_namespace;
  bool dry_run = false, from_files = false, reload = false;
};

struct ListenerView {
  std::string name, address;
  uint16_t port = 0;
  bool bound = false, tls = false;
};

struct RouteView {
  route::Row row;
  std::string target;
  std::string budget; // how long a request may take; empty where nothing is forwarded
};

class Controller {
 public:
  static base::Result<std::unique_ptr<Controller>> make(Options options);
  ~Controller();

  base::Result<void> start();
  void stop(Duration drain);
  Duration default_drain() const { return base::from_ms(options_.translate.settings.process.drain_timeout_ms); }

  std::vector<config::ApplyResult> apply(ApplyCall call);
  // kNotFound; kInvalid for an unknown kind.
  base::Result<void> remove(const std::string& kind, const std::string& namespace_name, const std::string& name);
  base::Result<std::string> get(const std::string& kind, const std::string& namespace_name, const std::string& name);

  std::vector<ListenerView> listeners();
  base::Result<ListenerView> admin_address();
  std::vector<telemetry::RequestView> attempts(size_t limit);
  std::vector<telemetry::StatRow> stats();
  std::vector<RouteView> routes();
  base::Result<void> reopen_access_log();
  void abandon_after_fork();

 private:
  explicit Controller(Options options);
  // ---- control thread
  base::Result<void> open_admin();
  std::vector<config::Diagnostic> refresh(); // translate and publish; returns the warnings
  void report(const std::vector<gateway::Binding>& bindings);
  void log_fresh(const std::vector<config::Diagnostic>& warnings);
  bool reload_is_readable(const ApplyCall& call, std::vector<config::ApplyResult>& results);
  void store_text(const Text& text, const ApplyCall& call, std::vector<config::ApplyResult>& results);
  void forget_the_rest(const ApplyCall& call, std::vector<config::ApplyResult>& results);
  // What the admin address may do; on the control thread.
  void build_plane();
  nlohmann::json get(const admin::ResourceId& id);
  std::vector<nlohmann::json> list(const admin::ResourceId& id);
  bool changes_after(const admin::ResourceId& id, uint64_t after,
                     std::vector<std::pair<std::string, nlohmann::json>>& out);
  std::vector<RouteView> routes_now() const;
  admin::WriteOutcome write(const admin::ControlPlane::Write& write);
  admin::WriteOutcome remove(const admin::ControlPlane::Remove& remove);

  Options options_;
  base::Log log_;
  config::Store store_;
  std::unique_ptr<gateway::Gateway> gateway_;
  admin::ControlPlane plane_;
  std::unique_ptr<admin::Server> admin_;
  std::set<std::string> told_;       // warnings that were logged already
  std::set<std::string> rejected_;   // objects (or files) whose newest version was refused before start
  std::vector<std::string> sources_; // files that objects came from
  bool stopped_ = false;
};

} // namespace kgw::capi
