#include "src/controller.h"

#include <algorithm>

#include "net/clock.h"
#include "net/tls.h"

namespace kgw::capi {

using base::ErrorCode;

namespace {

constexpr Duration kNamesLimit = std::chrono::seconds(2);

void forward_log(void* user, base::LogLevel level, std::string_view module, std::string_view message) {
  auto* options = static_cast<Options*>(user);
  options->log(static_cast<int32_t>(level), {module.data(), module.size()}, {message.data(), message.size()},
               options->log_user);
}

bool has_error(const std::vector<config::Diagnostic>& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const auto& problem) { return problem.severity == config::Severity::kError; });
}

} // namespace

base::Result<std::unique_ptr<Controller>> Controller::make(Options options) {
  options.translate.check_certificate = [](const std::string& chain, const std::string& key) {
    auto made = net::TlsServer::make({{"", chain, key}});
    return made ? std::string() : made.error().text;
  };
  std::unique_ptr<Controller> controller(new Controller(std::move(options)));
  gateway::Options gateway_options{
      .workers = controller->options_.workers,
      .seed = controller->options_.seed,
      .ledger_records = static_cast<size_t>(controller->options_.translate.settings.process.ledger_records),
      .dns_cache_entries = static_cast<size_t>(controller->options_.translate.settings.process.dns_cache_entries),
      .internal = controller->options_.internal,
      .access_log = controller->options_.access_log};
  auto gateway = gateway::Gateway::make(gateway_options, controller->log_);
  if (!gateway) return std::unexpected(gateway.error());
  controller->gateway_ = std::move(*gateway);
  controller->build_plane();
  return controller;
}

Controller::Controller(Options options)
    : options_(std::move(options)),
      log_(options_.log_level, options_.log == nullptr ? nullptr : forward_log, &options_),
      store_(net::unix_time_us, options_.seed) {}

Controller::~Controller() {
  if (gateway_ == nullptr) return;
  stop(Duration{});
  gateway_.reset(); // ends the control thread before the store and the log go
}

// ---- life ----------------------------------------------------------------------------------------------------------

base::Result<void> Controller::start() {
  base::Result<void> result;
  gateway_->on_control([&] {
    if (stopped_) {
      result = base::fail(ErrorCode::kState, "the gateway was stopped");
      return;
    }
    if (!rejected_.empty() && !options_.keep_going) {
      result = base::fail(ErrorCode::kInvalid, "a document was rejected: " + *rejected_.begin());
      return;
    }
    if (gateway_->running()) {
      result = base::fail(ErrorCode::kState, "the gateway was started before");
      return;
    }
    result = open_admin();
    if (!result) return;
    auto translation = store_.translate(options_.translate);
    auto bindings = gateway_->start(std::move(translation.spec));
    if (!bindings) {
      admin_.reset();
      result = std::unexpected(bindings.error());
      return;
    }
    report(*bindings);
    log_fresh(translation.warnings);
  });
  if (result) gateway_->wait_for_names(kNamesLimit);
  return result;
}

base::Result<void> Controller::open_admin() {
  if (options_.admin_host.empty()) return {};
  auto address = net::parse_address(options_.admin_host, options_.admin_port);
  auto socket = net::ListenSocket::open(*address, false);
  if (!socket) return std::unexpected(socket.error());
  admin_ = std::make_unique<admin::Server>(
      gateway_->control_loop(), std::move(*socket),
      admin::ServerOptions{.token = options_.admin_token, .host_name = options_.admin_host}, plane_, log_);
  return {};
}

void Controller::stop(Duration drain) {
  gateway_->on_control([&] { stopped_ = true; });
  gateway_->stop(drain);
  gateway_->on_control([&] { admin_.reset(); });
}

void Controller::abandon_after_fork() {
  if (admin_ != nullptr) admin_->abandon_after_fork();
  gateway_->abandon_after_fork();
}

// ---- configuration -------------------------------------------------------------------------------------------------

std::vector<config::ApplyResult> Controller::apply(ApplyCall call) {
  std::vector<config::ApplyResult> results;
  gateway_->on_control([&] {
    if (call.reload && !reload_is_readable(call, results)) return;
    for (const Text& text : call.texts) store_text(text, call, results);
    if (call.dry_run) return;
    if (call.reload) forget_the_rest(call, results);
    auto warnings = refresh();
    for (config::Diagnostic& warning : warnings) {
      for (auto& result : results) {
        if (result.id.text() == warning.object) result.problems.push_back(warning);
      }
    }
    log_fresh(warnings);
  });
  if (gateway_->running()) gateway_->wait_for_names(kNamesLimit);
  return results;
}

void Controller::store_text(const Text& text, const ApplyCall& call, std::vector<config::ApplyResult>& results) {
  config::ParseLimits limits{.bytes = static_cast<size_t>(options_.translate.settings.process.document_bytes)};
  auto part = store_.apply_text(text.text, text.file, call.default_namespace, call.from_files, call.dry_run, limits);
  for (auto& result : part) {
    std::string who = result.id.name.empty() ? text.file : result.id.text();
    bool rejected = result.outcome == config::Outcome::kRejected;
    if (!call.dry_run && rejected) rejected_.insert(who);
    if (!call.dry_run && !rejected) rejected_.erase(who);
    results.push_back(std::move(result));
  }
  if (call.from_files && std::find(sources_.begin(), sources_.end(), text.file) == sources_.end())
    sources_.push_back(text.file);
}

// A reload says all there is. `results`: of its texts.
void Controller::forget_the_rest(const ApplyCall& call, std::vector<config::ApplyResult>& results) {
  std::vector<config::Identity> seen;
  for (const config::ApplyResult& result : results) seen.push_back(result.id);
  for (const std::string& source : sources_) {
    bool read = std::ranges::any_of(call.texts, [&](const Text& text) { return text.file == source; });
    // A file that is gone is an empty one.
    if (!read) store_.apply_text("", source, call.default_namespace, true);
  }
  for (const config::Identity& id : store_.delete_sources_except(sources_, seen)) {
    results.push_back({config::Outcome::kDeleted, id, "", {}});
  }
}

// A file that does not parse changes nothing at all.
bool Controller::reload_is_readable(const ApplyCall& call, std::vector<config::ApplyResult>& results) {
  for (const Text& text : call.texts) {
    auto parsed = config::parse_text(text.text, text.file);
    if (has_error(parsed.problems)) results.push_back({config::Outcome::kRejected, {}, "", std::move(parsed.problems)});
  }
  return results.empty();
}

std::vector<config::Diagnostic> Controller::refresh() {
  auto translation = store_.translate(options_.translate);
  if (!gateway_->running()) return std::move(translation.warnings);
  auto bindings = gateway_->publish(std::move(translation.spec));
  if (bindings) {
    report(*bindings);
  } else {
    KGW_LOG(log_, base::LogLevel::kError, "control", "the configuration before stays in service: {}",
            bindings.error().text);
  }
  if (admin_ != nullptr) admin_->notify_change();
  return std::move(translation.warnings);
}

void Controller::report(const std::vector<gateway::Binding>& bindings) {
  std::vector<config::ListenerBinding> report;
  for (const gateway::Binding& binding : bindings) {
    report.push_back({binding.listener, binding.bound, binding.bound ? binding.address.host() : std::string(),
                      binding.bound ? binding.address.port : uint16_t{0}, binding.error.text});
    if (!binding.bound)
      KGW_LOG(log_, base::LogLevel::kWarning, "control", "{}: {}", binding.listener, binding.error.text);
  }
  store_.report_bindings(report);
}

void Controller::log_fresh(const std::vector<config::Diagnostic>& warnings) {
  for (const config::Diagnostic& warning : warnings) {
    std::string line = warning.line();
    if (told_.insert(line).second) KGW_LOG(log_, base::LogLevel::kWarning, "config", "{}", line);
  }
}

base::Result<void> Controller::remove(const std::string& kind, const std::string& namespace_name,
                                      const std::string& name) {
  base::Result<void> result;
  gateway_->on_control([&] {
    const config::KindInfo* info = config::find_alias(kind);
    if (info == nullptr) {
      result = base::fail(ErrorCode::kInvalid, "the server doesn't have a resource type \"" + kind + "\"");
      return;
    }
    std::string where = !info->namespaced ? std::string() : namespace_name.empty() ? "default" : namespace_name;
    config::Identity id{info->kind, info->group, info->kind_name, where, name};
    if (store_.remove(id, false).status != config::WriteResult::Status::kOk) {
      std::string resource = info->plural + (info->group.empty() ? "" : "." + info->group);
      result = base::fail(ErrorCode::kNotFound, resource + " \"" + name + "\" not found");
      return;
    }
    log_fresh(refresh());
  });
  return result;
}

base::Result<std::string> Controller::get(const std::string& kind, const std::string& namespace_name,
                                          const std::string& name) {
  base::Result<std::string> result;
  gateway_->on_control([&] {
    const config::KindInfo* info = config::find_alias(kind);
    if (info == nullptr) {
      result = base::fail(ErrorCode::kInvalid, "the server doesn't have a resource type \"" + kind + "\"");
      return;
    }
    std::string group_version = (info->group.empty() ? "" : info->group + "/") + info->versions.front();
    if (name.empty()) {
      nlohmann::json items = nlohmann::json::array();
      for (const config::StoredObject* object : store_.list(*info, namespace_name))
        items.push_back(store_.show(*object, group_version));
      result = nlohmann::json{{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items)}}.dump();
      return;
    }
    std::string where = !info->namespaced ? std::string() : namespace_name.empty() ? "default" : namespace_name;
    const config::StoredObject* object = store_.get({info->kind, info->group, info->kind_name, where, name});
    if (object == nullptr) {
      std::string resource = info->plural + (info->group.empty() ? "" : "." + info->group);
      result = base::fail(ErrorCode::kNotFound, resource + " \"" + name + "\" not found");
      return;
    }
    result = store_.show(*object, group_version).dump();
  });
  return result;
}

// ---- views ---------------------------------------------------------------------------------------------------------

std::vector<ListenerView> Controller::listeners() {
  std::vector<ListenerView> views;
  gateway_->on_control([&] {
    for (const gateway::Binding& binding : gateway_->bindings()) {
      ListenerView view{.name = binding.listener, .bound = binding.bound, .tls = binding.tls};
      if (binding.bound) {
        view.address = binding.address.host();
        view.port = binding.address.port;
      }
      views.push_back(std::move(view));
    }
  });
  return views;
}

base::Result<ListenerView> Controller::admin_address() {
  base::Result<ListenerView> result =
      base::fail(ErrorCode::kState, "there is no admin address, or the gateway does not run");
  gateway_->on_control([&] {
    if (admin_ != nullptr) result = ListenerView{"admin", admin_->address().host(), admin_->address().port, true};
  });
  return result;
}

std::vector<telemetry::RequestView> Controller::attempts(size_t limit) {
  std::vector<telemetry::RequestView> views;
  for (const telemetry::StoredRecord& record : gateway_->records(limit))
    telemetry::view_of(record, views.emplace_back());
  return views;
}

std::vector<telemetry::StatRow> Controller::stats() {
  std::vector<telemetry::StatRow> rows;
  gateway_->on_control([&] { rows = gateway_->stats(); });
  return rows;
}

base::Result<void> Controller::reopen_access_log() {
  base::Result<void> result;
  gateway_->on_control([&] { result = gateway_->reopen_access_log(); });
  return result;
}

std::vector<RouteView> Controller::routes() {
  std::vector<RouteView> views;
  gateway_->on_control([&] { views = routes_now(); });
  return views;
}

} // namespace kgw::capi
