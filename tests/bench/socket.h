/* What the three programs of the bench share: a listening and a connected loopback socket. Errors end the program. */
#ifndef KGW_BENCH_SOCKET_H
#define KGW_BENCH_SOCKET_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void need(int good, const char* what) {
  if (good) return;
  perror(what);
  exit(1);
}

static inline struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static inline void no_delay(int fd) { setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)); }

/* Listens on any free port and prints it, so that whoever started the program knows where to go. */
static inline int listen_and_tell(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  need(fd >= 0 && bind(fd, (struct sockaddr*)&address, size) == 0 && listen(fd, 1024) == 0, "listen");
  need(getsockname(fd, (struct sockaddr*)&address, &size) == 0, "getsockname");
  printf("listening %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

/* Connected before it returns (loopback answers at once), then non-blocking. */
static inline int connect_to(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = loopback(port);
  need(fd >= 0 && connect(fd, (struct sockaddr*)&address, sizeof address) == 0, "connect");
  need(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
  no_delay(fd);
  return fd;
}

static inline void watch(int epoll, int operation, int fd, uint32_t events, void* data) {
  struct epoll_event event = {.events = events, .data.ptr = data};
  need(epoll_ctl(epoll, operation, fd, &event) == 0, "epoll_ctl");
}

#endif
