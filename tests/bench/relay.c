/*
 * The floor that a proxy is measured against: relay UPSTREAM_PORT copies bytes both ways between each client connection
 * and one upstream connection of its own, in one thread on one epoll, and parses nothing.
 */
#define _GNU_SOURCE
#include "socket.h"

typedef struct side {
  int fd;
  struct side* peer;
  char* left; /* what the last send did not take: nothing more is read for this side until it has gone */
  size_t left_size;
  int closed; /* freed at the end of the turn, after events of the same turn that still name it */
  struct side* next_closed;
} side;

static int epoll;
static side* closed;
static char scratch[65536];

static side* add_side(int fd) {
  side* s = calloc(1, sizeof *s);
  need(s != NULL, "calloc");
  s->fd = fd;
  return s;
}

static void close_side(side* s) {
  close(s->fd);
  s->closed = 1;
  s->next_closed = closed;
  closed = s;
}

static void close_pair(side* s) {
  close_side(s->peer);
  close_side(s);
}

static void free_closed(void) {
  while (closed != NULL) {
    side* s = closed;
    closed = s->next_closed;
    free(s->left);
    free(s);
  }
}

static void accept_one(int listener, int upstream_port) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  no_delay(fd);
  side* client = add_side(fd);
  side* upstream = add_side(connect_to(upstream_port));
  client->peer = upstream;
  upstream->peer = client;
  watch(epoll, EPOLL_CTL_ADD, client->fd, EPOLLIN, client);
  watch(epoll, EPOLL_CTL_ADD, upstream->fd, EPOLLIN, upstream);
}

/* A side is read while nothing waits for its peer, and told when it can take what waits for it. */
static void arm(side* s) {
  watch(epoll, EPOLL_CTL_MOD, s->fd, (s->peer->left_size == 0 ? EPOLLIN : 0) | (s->left_size > 0 ? EPOLLOUT : 0), s);
}

static void arm_pair(side* s) {
  arm(s);
  arm(s->peer);
}

static void keep(side* to, const char* data, size_t size) {
  to->left = malloc(size);
  need(to->left != NULL, "malloc");
  memcpy(to->left, data, size);
  to->left_size = size;
  arm_pair(to);
}

static void copy(side* from) {
  ssize_t n = recv(from->fd, scratch, sizeof scratch, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    close_pair(from);
    return;
  }
  ssize_t sent = send(from->peer->fd, scratch, (size_t)n, MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) sent = 0;
  if (sent < 0) {
    close_pair(from);
  } else if (sent < n) {
    keep(from->peer, scratch + sent, (size_t)(n - sent));
  }
}

static void flush(side* to) {
  ssize_t sent = send(to->fd, to->left, to->left_size, MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) return;
  if (sent < 0) {
    close_pair(to);
    return;
  }
  to->left_size -= (size_t)sent;
  memmove(to->left, to->left + sent, to->left_size);
  if (to->left_size > 0) return;
  free(to->left);
  to->left = NULL;
  arm_pair(to);
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: relay UPSTREAM_PORT\n");
    return 2;
  }
  int upstream_port = atoi(argv[1]);
  int listener = listen_and_tell();
  epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
  struct epoll_event events[256];
  for (;;) {
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; ++i) {
      side* s = events[i].data.ptr;
      if (s == NULL) {
        accept_one(listener, upstream_port);
      } else if (!s->closed && (events[i].events & EPOLLOUT)) {
        flush(s);
      } else if (!s->closed && s->peer->left_size > 0) {
        close_pair(s); /* hung up while the other way is stuck */
      } else if (!s->closed) {
        copy(s);
      }
    }
    free_closed();
  }
}
