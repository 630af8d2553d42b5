#pragma once
// Internal to net.

namespace kgw::net {

// The epoll instance of this process that watches `fd`, from /proc; -1 when there is none to be found. libevent does
// not tell its epoll fd, and a forked child has to close it without going through libevent.
int epoll_fd_watching(int fd);

} // namespace kgw::net
