#include "cluster/balancer.h"

#include <algorithm>

namespace kgw::cluster {
namespace {

bool later(const Host* a, const Host* b) { return a->due != b->due ? a->due > b->due : a->turn > b->turn; }

bool weights_differ(const std::vector<Host*>& hosts) {
  return std::any_of(hosts.begin(), hosts.end(),
                     [&](const Host* host) { return host->endpoint.weight != hosts.front()->endpoint.weight; });
}

} // namespace

void Balancer::configure(Balance balance, uint32_t choices) {
  balance_ = balance;
  choices_ = std::max(choices, 1u);
  set(std::vector<Host*>(hosts_));
}

void Balancer::set(const std::vector<Host*>& hosts) {
  hosts_ = hosts;
  if (next_ >= hosts_.size()) next_ = 0;
  heap_.clear();
  if (balance_ == Balance::kRandom || !weights_differ(hosts_)) return;
  heap_.reserve(hosts_.size());
  for (Host* host : hosts_) {
    // One that is new, or was away when its turn came, waits as if it had just had one: it must not make up for the
    // past.
    if (host->due <= time_) schedule(*host);
    heap_.push_back(host);
  }
  std::make_heap(heap_.begin(), heap_.end(), later);
}

Host& Balancer::pick(base::Random& random) {
  if (hosts_.size() == 1) return *hosts_.front();
  if (!heap_.empty()) return first_due();
  switch (balance_) {
  case Balance::kRoundRobin: return next_in_turn();
  case Balance::kLeastRequest: return least_loaded(random);
  case Balance::kRandom: return *hosts_[random.below(hosts_.size())];
  }
  __builtin_unreachable();
}

Host& Balancer::next_in_turn() {
  Host& host = *hosts_[next_];
  next_ = next_ + 1 == hosts_.size() ? 0 : next_ + 1;
  return host;
}

Host& Balancer::least_loaded(base::Random& random) {
  Host* best = hosts_[random.below(hosts_.size())];
  for (uint32_t more = 1; more < choices_; ++more) {
    Host* other = hosts_[random.below(hosts_.size())];
    if (other->stats.rq_active < best->stats.rq_active) best = other;
  }
  return *best;
}

Host& Balancer::first_due() {
  std::pop_heap(heap_.begin(), heap_.end(), later);
  Host& host = *heap_.back();
  time_ = host.due;
  schedule(host);
  std::push_heap(heap_.begin(), heap_.end(), later);
  return host;
}

void Balancer::schedule(Host& host) {
  double weight = std::max(host.endpoint.weight, 1u);
  if (balance_ == Balance::kLeastRequest) weight /= static_cast<double>(host.stats.rq_active + 1);
  host.due = time_ + 1 / weight;
  host.turn = turns_++;
}

} // namespace kgw::cluster
