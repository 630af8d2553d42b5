#include "gateway/discovery.h"

#include <algorithm>
#include <cstring>

namespace kgw::gateway {
namespace {

constexpr Duration kLeastTtl = std::chrono::seconds(5), kMostTtl = std::chrono::minutes(5);

cluster::Endpoint endpoint_of(net::Address address, const snapshot::EndpointSpec& spec,
                              const snapshot::ClusterSpec& cluster) {
  address.port = spec.port;
  cluster::Endpoint endpoint{.port = spec.port, .v6 = address.v6, .weight = spec.weight, .text = address.text()};
  std::memcpy(endpoint.ip, address.bytes, sizeof endpoint.ip);
  if (cluster.tls) {
    endpoint.server_name = spec.server_name.empty() ? spec.host : spec.server_name;
    endpoint.verified = cluster.settings.tls_verify != 0;
  }
  return endpoint;
}

} // namespace

struct Discovery::Name {
  std::string host;
  std::vector<net::Address> addresses;
  bool answered = false, asking = false;
  base::Timer timer;
  Discovery* owner;
  Name(Discovery& discovery, std::string text)
      : host(std::move(text)), timer(
                                   [](void* self, Instant) {
                                     auto* name = static_cast<Name*>(self);
                                     name->owner->resolve(*name);
                                   },
                                   this),
        owner(&discovery) {}
};

struct Discovery::Tracked {
  snapshot::Cluster cluster;
  std::shared_ptr<const cluster::EndpointSet> endpoints;
};

Discovery::Discovery(net::Loop& loop, net::Resolver* resolver, uint64_t seed, size_t most_names, base::Log& log,
                     Publish publish)
    : loop_(loop), resolver_(resolver), random_(seed), most_names_(most_names), log_(log),
      publish_(std::move(publish)) {}

Discovery::~Discovery() = default;

std::vector<std::shared_ptr<const cluster::EndpointSet>> Discovery::track(const snapshot::Snapshot& snapshot) {
  std::map<std::string, std::unique_ptr<Tracked>> next;
  std::vector<std::shared_ptr<const cluster::EndpointSet>> sets;
  for (const snapshot::Cluster& cluster : snapshot.clusters) {
    auto set = build(cluster);
    next[cluster.identity] = std::make_unique<Tracked>(Tracked{cluster, set});
    sets.push_back(std::move(set));
  }
  tracked_ = std::move(next);
  std::erase_if(names_, [&](const auto& entry) {
    for (const auto& [identity, tracked] : tracked_) {
      for (const auto& endpoint : tracked->cluster.spec.endpoints) {
        if (endpoint.host == entry.first) return false;
      }
    }
    return !entry.second->asking; // a question on its way comes back to its name
  });
  return sets;
}

size_t Discovery::unanswered() const {
  return static_cast<size_t>(
      std::count_if(names_.begin(), names_.end(), [](const auto& entry) { return !entry.second->answered; }));
}

std::shared_ptr<const cluster::EndpointSet> Discovery::build(const snapshot::Cluster& cluster) {
  cluster::EndpointSet set;
  auto add = [&](cluster::Endpoint endpoint) {
    bool known = std::any_of(set.begin(), set.end(), [&](const auto& other) { return other.same_place(endpoint); });
    if (!known) set.push_back(std::move(endpoint));
  };
  for (const snapshot::EndpointSpec& spec : cluster.spec.endpoints) {
    if (auto numeric = net::parse_address(spec.host, spec.port)) {
      add(endpoint_of(*numeric, spec, cluster.spec));
    } else {
      for (const net::Address& address : addresses_of(spec.host)) add(endpoint_of(address, spec, cluster.spec));
    }
  }
  return cluster.runtime->admit(std::move(set));
}

const std::vector<net::Address>& Discovery::addresses_of(const std::string& host) {
  auto found = names_.find(host);
  if (found != names_.end()) return found->second->addresses;
  if (names_.size() >= most_names_) {
    static const std::vector<net::Address> kNone;
    overflowed_.fetch_add(1, std::memory_order_relaxed);
    KGW_LOG(log_, base::LogLevel::kWarning, "dns", "{}: not resolved, dns_cache_entries ({}) names are kept already",
            host, most_names_);
    return kNone;
  }
  found = names_.emplace(host, std::make_unique<Name>(*this, host)).first;
  resolve(*found->second);
  return found->second->addresses;
}

void Discovery::resolve(Name& name) {
  if (name.asking || resolver_ == nullptr) return;
  name.asking = true;
  resolver_->resolve(name.host, [this, &name](net::Resolution resolution) { answered(name, std::move(resolution)); });
}

// A failed lookup keeps the answer that was there.
void Discovery::answered(Name& name, net::Resolution resolution) {
  name.asking = false;
  name.answered = true;
  Duration ttl = std::clamp(resolution.ok ? resolution.ttl : kLeastTtl, kLeastTtl, kMostTtl);
  // Up to a tenth earlier, so that many names do not ask at once.
  ttl -= Duration(static_cast<int64_t>(random_.below(static_cast<uint64_t>(ttl.count()) / 10)));
  loop_.wheel().arm(name.timer, loop_.now() + ttl);
  if (!resolution.ok) {
    KGW_LOG(log_, base::LogLevel::kWarning, "dns", "{}: {}; {}", name.host, resolution.error,
            name.addresses.empty() ? "it has no address" : "the addresses known before stay in use");
    return;
  }
  if (name.addresses == resolution.addresses) return;
  name.addresses = std::move(resolution.addresses);
  for (auto& [identity, tracked] : tracked_) {
    const auto& endpoints = tracked->cluster.spec.endpoints;
    bool uses = std::any_of(endpoints.begin(), endpoints.end(),
                            [&](const auto& endpoint) { return endpoint.host == name.host; });
    if (!uses) continue;
    tracked->endpoints = build(tracked->cluster);
    publish_(tracked->cluster.runtime, tracked->endpoints);
  }
}

} // namespace kgw::gateway
