#pragma once
// A c-ares channel on a loop: its sockets as events, its timeouts in the wheel. Internal to net.

#include <memory>
#include <unordered_map>

#include <ares.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "net/resolver.h"

namespace kgw::net {

class AresChannel {
 public:
  AresChannel(Loop& loop) : loop_(loop), timeout_(timed_out, this) {}
  ~AresChannel(); // open queries end with ARES_EDESTRUCTION
  AresChannel(const AresChannel&) = delete;
  AresChannel& operator=(const AresChannel&) = delete;

  base::Result<void> open(const ResolverOptions& options);
  // The callback may come from inside this call.
  void getaddrinfo(const char* name, int family, ares_addrinfo_callback callback, void* context);

 private:
  base::Result<void> use_servers(const std::vector<Address>& servers);
  void arm_timeout();
  static void watch(void* self, ares_socket_t fd, int readable, int writable);
  static void socket_ready(int fd, short what, void* self);
  static void timed_out(void* self, Instant now);

  Loop& loop_;
  ares_channel channel_ = nullptr;
  std::unordered_map<int, std::unique_ptr<event>> sockets_;
  base::Timer timeout_;
};

} // namespace kgw::net
