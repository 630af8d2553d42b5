#pragma once
// Host names by c-ares, on the control thread's loop. Never blocks.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/address.h"
#include "net/loop.h"

namespace kgw::net {

struct Resolution {
  bool ok = false;
  std::string error;              // c-ares' words when not ok
  std::vector<Address> addresses; // port 0; all IPv4 records, IPv6 ones only if there is no IPv4
  Duration ttl{};                 // smallest record TTL, unclamped; 0 for names from /etc/hosts
};

class Resolver {
 public:
  virtual ~Resolver() = default;
  // `done` comes on the loop's thread, never inline; not after the resolver is gone. Numeric names resolve to
  // themselves.
  virtual void resolve(const std::string& name, std::move_only_function<void(Resolution)> done) = 0;
};

// What is not given comes from the system's resolv.conf. /etc/hosts comes first in any case.
struct ResolverOptions {
  std::vector<Address> servers;
  Duration timeout = base::kNone; // of the first try; doubles with each further one
  int tries = 0;
};

// Needs a real-clock loop. Fails when c-ares cannot start (kIo).
base::Result<std::unique_ptr<Resolver>> make_resolver(Loop& loop, const ResolverOptions& options = {});

} // namespace kgw::net
