#include "proxy/context.h"

#include "net/clock.h"
#include "proxy/exchange.h"

namespace kgw::proxy {

Context::Context(net::Loop& worker_loop, upstream::Context& upstream_context, base::Random& worker_random, Identity own)
    : loop(worker_loop), upstream(upstream_context), random(worker_random), identity(std::move(own)) {}

Context::~Context() = default;

Exchange& Context::take_exchange() {
  if (free_.empty()) {
    all_.push_back(std::make_unique<Exchange>(*this));
    free_.reserve(all_.size());
    spent_.reserve(all_.size());
    free_.push_back(all_.back().get());
  }
  Exchange* exchange = free_.back();
  free_.pop_back();
  ++live_;
  return *exchange;
}

void Context::give_back(Exchange& exchange) {
  spent_.push_back(&exchange);
  --live_;
}

void Context::recycle() {
  for (Exchange* exchange : spent_) {
    exchange->reset();
    free_.push_back(exchange);
  }
  spent_.clear();
}

int64_t Context::unix_time_us() {
  if (unix_us_ == 0) unix_us_ = net::unix_time_us();
  return unix_us_;
}

std::string_view Context::date() { return date_.at(unix_time_us() / 1'000'000); }

} // namespace kgw::proxy
