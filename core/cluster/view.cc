#include "cluster/view.h"

#include <algorithm>

namespace kgw::cluster {
namespace {

constexpr size_t kPanicPercent = 50; // Envoy's default

} // namespace

View::View(std::shared_ptr<Runtime> runtime, unsigned worker)
    : runtime_(std::move(runtime)), worker_(worker), slot_(runtime_->slot(worker)) {}

View::~View() { update({}); }

void View::configure(const Policy& policy) {
  if (policy == policy_) return;
  policy_ = policy;
  balancer_.configure(policy.balance, policy.choices);
}

void View::update(const EndpointSet& endpoints) {
  std::vector<Host*> next;
  next.reserve(endpoints.size());
  for (const Endpoint& endpoint : endpoints) {
    auto known = std::find_if(hosts_.begin(), hosts_.end(),
                              [&](const Host* host) { return host != nullptr && host->endpoint.same_place(endpoint); });
    if (known != hosts_.end()) {
      (*known)->endpoint = endpoint;
      next.push_back(*known);
      *known = nullptr;
    } else {
      next.push_back(new Host{.endpoint = endpoint});
    }
  }
  hosts_.swap(next);
  look_at_health();
  for (Host* gone : next) {
    if (gone == nullptr) continue;
    gone->in_set = false;
    if (gone->retire != nullptr) gone->retire(*gone);
    if (--gone->references == 0) delete gone;
  }
}

// The version is read first: a change that comes meanwhile is seen at the next pick.
void View::look_at_health() {
  seen_ = runtime_->health_version();
  healthy_.clear();
  size_t counted = hosts_.size();
  for (Host* host : hosts_) {
    if (host->endpoint.health->usable()) healthy_.push_back(host);
    if (host->endpoint.health->excluded()) --counted;
  }
  panic_ = counted == 0 || healthy_.size() * 100 < counted * kPanicPercent;
  balancer_.set(panic_ ? hosts_ : healthy_);
}

Pick View::pick(base::Random& random) {
  if (runtime_->dead()) return {};
  if (runtime_->health_version() != seen_) [[unlikely]]
    look_at_health();
  if (panic_) slot_.stats.lb_healthy_panic.add();
  if (balancer_.size() == 0) {
    slot_.stats.upstream_cx_none_healthy.add();
    return {};
  }
  return {&balancer_.pick(random), balancer_.size() == 1, panic_};
}

void View::report(Host& host, const Outcome& outcome, Instant now) {
  bool answered = outcome.tally == Outcome::Tally::kResponse;
  if (answered && outcome.status / 100 != 5) {
    ++host.stats.rq_success;
  } else if (outcome.tally != Outcome::Tally::kNothing) {
    ++host.stats.rq_error;
    if (outcome.tally == Outcome::Tally::kTimeout) ++host.stats.rq_timeout;
  }
  auto raise = [&](Alarm alarm) {
    if (tell_ != nullptr) tell_(tell_context_, runtime_, host.endpoint.health, alarm, now);
  };
  if (policy_.outlier) host.endpoint.health->count(outcome.status, *policy_.outlier, raise);
  if (outcome.asked_out && policy_.health) [[unlikely]]
    raise(Alarm::kAskedOut);
}

} // namespace kgw::cluster
