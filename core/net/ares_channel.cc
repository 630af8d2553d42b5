#include "net/ares_channel.h"

#include <algorithm>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

namespace kgw::net {
namespace {

std::unexpected<base::Error> ares_error(int status) {
  return base::fail(base::ErrorCode::kIo, std::string("c-ares: ") + ares_strerror(status));
}

// c-ares' own sockets become close-on-exec a moment after they exist, and writing to one raises SIGPIPE. Ours do
// neither.
ares_socket_t open_socket(int domain, int type, int protocol, void*) {
  return ::socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}
int close_socket(ares_socket_t fd, void*) { return ::close(fd); }
int connect_socket(ares_socket_t fd, const sockaddr* to, ares_socklen_t size, void*) { return ::connect(fd, to, size); }
ares_ssize_t receive(ares_socket_t fd, void* into, size_t size, int flags, sockaddr* from, ares_socklen_t* length,
                     void*) {
  return ::recvfrom(fd, into, size, flags, from, length);
}
ares_ssize_t send_vector(ares_socket_t fd, const iovec* parts, int count, void*) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<size_t>(count);
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

const ares_socket_functions kSockets{open_socket, close_socket, connect_socket, receive, send_vector};

} // namespace

AresChannel::~AresChannel() {
  if (channel_ != nullptr) ares_destroy(channel_);
}

base::Result<void> AresChannel::open(const ResolverOptions& given) {
  ares_options options{};
  // No aliases: they come from a file that an environment variable names.
  options.flags = ARES_FLAG_NOALIASES;
  char hosts_then_dns[] = "fb";
  options.lookups = hosts_then_dns;
  options.sock_state_cb = watch;
  options.sock_state_cb_data = this;
  int mask = ARES_OPT_FLAGS | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  if (given.timeout != base::kNone) {
    options.timeout = static_cast<int>(base::to_ms(given.timeout));
    mask |= ARES_OPT_TIMEOUTMS;
  }
  if (given.tries > 0) {
    options.tries = given.tries;
    mask |= ARES_OPT_TRIES;
  }
  int status = ares_init_options(&channel_, &options, mask);
  if (status != ARES_SUCCESS) {
    channel_ = nullptr;
    return ares_error(status);
  }
  ares_set_socket_functions(channel_, &kSockets, nullptr);
  return use_servers(given.servers);
}

base::Result<void> AresChannel::use_servers(const std::vector<Address>& servers) {
  if (servers.empty()) return {};
  std::vector<ares_addr_port_node> nodes(servers.size());
  for (size_t i = 0; i < servers.size(); ++i) {
    nodes[i].next = i + 1 < servers.size() ? &nodes[i + 1] : nullptr;
    nodes[i].family = servers[i].v6 ? AF_INET6 : AF_INET;
    std::memcpy(&nodes[i].addr, servers[i].bytes, sizeof nodes[i].addr);
    nodes[i].udp_port = nodes[i].tcp_port = servers[i].port;
  }
  int status = ares_set_servers_ports(channel_, nodes.data());
  if (status != ARES_SUCCESS) return ares_error(status);
  return {};
}

void AresChannel::getaddrinfo(const char* name, int family, ares_addrinfo_callback callback, void* context) {
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT; // sorting would open sockets to find out which address is near
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(channel_, name, nullptr, &hints, callback, context);
  arm_timeout();
}

void AresChannel::arm_timeout() {
  timeval left{};
  if (ares_timeout(channel_, nullptr, &left) == nullptr) return timeout_.disarm();
  Duration wait = base::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
  loop_.wheel().arm(timeout_, loop_.now() + std::max<Duration>(wait, base::milliseconds(1)));
}

void AresChannel::watch(void* self, ares_socket_t fd, int readable, int writable) {
  auto& channel = *static_cast<AresChannel*>(self);
  event_base* base = channel.loop_.base();
  if (base == nullptr) return; // a forked child: the epoll set is the parent's
  auto& watched = channel.sockets_[fd];
  if (watched) event_del(watched.get());
  if (!readable && !writable) {
    channel.sockets_.erase(fd);
    return;
  }
  if (!watched) watched = std::make_unique<event>();
  int what = EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);
  event_assign(watched.get(), base, fd, static_cast<short>(what), socket_ready, self);
  event_add(watched.get(), nullptr); // when that fails, the query ends by its timeout
}

void AresChannel::socket_ready(int fd, short what, void* self) {
  auto& channel = *static_cast<AresChannel*>(self);
  channel.loop_.enter_turn();
  ares_process_fd(channel.channel_, what & EV_READ ? fd : ARES_SOCKET_BAD, what & EV_WRITE ? fd : ARES_SOCKET_BAD);
  channel.arm_timeout();
}

void AresChannel::timed_out(void* self, Instant) {
  auto& channel = *static_cast<AresChannel*>(self);
  ares_process_fd(channel.channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  channel.arm_timeout();
}

} // namespace kgw::net
