#include "upstream/health_check.h"

#include <algorithm>

#include "http/forwarding.h"
#include "http/grpc_timeout.h"
#include "upstream/grpc_health.h"

namespace kgw::upstream {
namespace {

using cluster::CheckResult;

// A cluster that nobody has sent a request to is asked seldom (Envoy's no_traffic_interval).
constexpr Duration kWithoutTraffic = std::chrono::seconds(60);
// Of an answer over gRPC; a message that says how a service is has two.
constexpr size_t kMostAnswer = 4096;

// The checks' connections are not the cluster's, so neither are its limits.
std::shared_ptr<cluster::Runtime> own_runtime(const std::string& name) {
  auto runtime = std::make_shared<cluster::Runtime>(name, 1u);
  runtime->set_limits({.max_connections = UINT32_MAX,
                       .max_pending_requests = UINT32_MAX,
                       .max_requests = UINT32_MAX,
                       .max_retries = 0});
  return runtime;
}

} // namespace

// Of one endpoint: waits, asks, judges, waits.
class HealthCheck::Probe final : public StreamHandler {
 public:
  Probe(HealthCheck& owner, cluster::Host& host)
      : owner_(owner), host_(&host), stream_(*this),
        timer_([](void* self, Instant now) { static_cast<Probe*>(self)->on_timer(now); }, this) {}

  void ask();
  void wait(Instant now) { owner_.context_.loop.wheel().arm(timer_, now + owner_.wait()); }
  cluster::Health& health() { return *host_->endpoint.health; }
  cluster::CheckVerdict verdict;

 private:
  void on_timer(Instant now);
  void send();
  void end(CheckResult result);
  void take(http::Head& head);
  void finish(const http::Head* last);
  void on_ready(bool) override { send(); }
  void on_failed(const StreamFailure& failure) override {
    end(failure.kind == FailureKind::kConnectTimeout ? CheckResult::kTimeout : CheckResult::kNoAnswer);
  }
  void on_inform(http::Head&) override {}
  void on_head(http::Head& head, bool ended) override {
    take(head);
    if (ended) finish(&head);
  }
  void on_data(std::span<const char> data, bool ended) override {
    if (owner_.rules_->grpc) answer_.append(data.data(), std::min(data.size(), kMostAnswer - answer_.size()));
    if (ended) finish(nullptr);
  }
  void on_end(http::Head* trailers) override { finish(trailers); }
  void on_drained(bool) override {}

  HealthCheck& owner_;
  cluster::HostRef host_;
  Stream stream_;
  base::Timer timer_; // while asking the timeout, else the interval
  CheckResult result_{};
  std::string answer_; // gRPC
  bool asking_ = false;
};

void HealthCheck::Probe::ask() {
  asking_ = true;
  owner_.stats().health_check_attempt.add();
  Instant now = owner_.context_.loop.now();
  owner_.context_.loop.wheel().arm(timer_, now + owner_.rules_->timeout);
  if (owner_.pools_->lease(*host_, stream_) == Pool::Lease::kReady) send();
}

void HealthCheck::Probe::send() {
  answer_.clear();
  stream_.write_head(owner_.request_, {}, !owner_.rules_->grpc);
  if (owner_.rules_->grpc) stream_.write_data({owner_.message_.data(), owner_.message_.size()}, true);
  stream_.flush();
}

void HealthCheck::Probe::take(http::Head& head) {
  bool asks = head.has(http::Token::kXEnvoyImmediateHealthCheckFail);
  result_ = head.status == 200 ? CheckResult::kPassed : asks ? CheckResult::kAskedOut : CheckResult::kRefused;
}

// `last`: the head that has grpc-status, if there is one.
void HealthCheck::Probe::finish(const http::Head* last) {
  if (owner_.rules_->grpc && result_ == CheckResult::kPassed) {
    const http::Field* status = last == nullptr ? nullptr : last->only(http::Token::kGrpcStatus);
    bool fine = status != nullptr && status->value_view() == "0" && grpc_health_serving(answer_);
    if (!fine) result_ = CheckResult::kRefused;
  }
  end(result_);
}

void HealthCheck::Probe::on_timer(Instant) {
  if (!asking_) return ask();
  stream_.cancel();
  end(CheckResult::kTimeout);
}

void HealthCheck::Probe::end(CheckResult result) {
  asking_ = false;
  Instant now = owner_.context_.loop.now();
  owner_.conclude(*this, result, now);
  wait(now);
}

HealthCheck::HealthCheck(Context& context, cluster::Runtime& runtime, Passed passed, void* passed_context)
    : context_(context), runtime_(runtime), passed_(passed), passed_context_(passed_context),
      pools_(new ClusterPools(context, own_runtime(runtime.name()), 0)) {
  pools_->retain();
}

HealthCheck::~HealthCheck() {
  for (auto& [host, probe] : probes_) {
    probe->health().clear(cluster::Health::kFailedCheck | cluster::Health::kCheckTimeout | cluster::Health::kExcluded);
  }
  runtime_.health_changed();
  probes_.clear();
  pools_->view().update({});
  pools_->release();
}

void HealthCheck::configure(const cluster::HealthCheck& rules, const ClusterConfig& config) {
  ClusterConfig own = config;
  own.connect_timeout = rules.timeout; // it bounds all of a check
  if (rules.grpc) own.http2 = true;
  pools_->configure(own);
  request_.scheme = config.tls != nullptr ? "https" : "http";
  if (rules == rules_) return;
  rules_ = rules;
  arena_.reset();
  request_ = {.scheme = request_.scheme};
  request_.method = rules.grpc ? "POST" : arena_.copy(rules.method);
  request_.method_id = http::method_of(request_.method);
  request_.path = rules.grpc ? kGrpcHealthPath : arena_.copy(rules.path);
  request_.authority = arena_.copy(rules.host.empty() ? runtime_.name() : rules.host);
  http::add_field(request_, arena_, "user-agent", "Envoy/HC"); // which origins know, and answer or log by it
  if (rules.grpc) {
    http::add_field(request_, arena_, http::Token::kContentType, "application/grpc");
    http::add_field(request_, arena_, http::Token::kTe, "trailers");
    http::add_field(request_, arena_, http::Token::kGrpcTimeout, http::format_grpc_timeout(rules.timeout, arena_));
    message_ = grpc_health_request(rules.service);
  }
  begin();
}

void HealthCheck::begin() {
  probes_.clear();
  for (cluster::Host* host : pools_->view().hosts()) (probes_[host] = std::make_unique<Probe>(*this, *host))->ask();
}

void HealthCheck::follow(const cluster::EndpointSet& endpoints) {
  pools_->view().update(endpoints);
  std::erase_if(probes_, [](const auto& entry) { return !entry.first->in_set; }); // a probe holds its host
  for (cluster::Host* host : pools_->view().hosts()) {
    auto& probe = probes_[host];
    if (probe != nullptr) continue;
    probe = std::make_unique<Probe>(*this, *host);
    probe->ask();
  }
}

Duration HealthCheck::wait() const {
  bool traffic = runtime_.sum(&cluster::Stats::upstream_cx_total) > 0;
  return std::max<Duration>(traffic ? rules_->interval : kWithoutTraffic, std::chrono::milliseconds(1));
}

void HealthCheck::conclude(Probe& probe, CheckResult result, Instant now) {
  bool passed = result == CheckResult::kPassed;
  (passed ? stats().health_check_success : stats().health_check_failure).add();
  if (result == CheckResult::kNoAnswer || result == CheckResult::kTimeout) stats().health_check_network_failure.add();
  if (probe.verdict.take(result, *rules_, probe.health())) runtime_.health_changed();
  bool in_use = (probe.health().flags() & cluster::Health::kFailedCheck) == 0;
  if (passed && in_use) passed_(passed_context_, probe.health(), now);
}

void HealthCheck::asked_out(cluster::Health& health) {
  for (auto& [host, probe] : probes_) {
    if (&probe->health() != &health) continue;
    stats().health_check_failure.add();
    stats().health_check_passive_failure.add();
    if (probe->verdict.take(CheckResult::kAskedOut, *rules_, health)) runtime_.health_changed();
  }
}

} // namespace kgw::upstream
