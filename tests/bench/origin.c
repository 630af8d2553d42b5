/*
 * The origin of the bench: answers every request head with the same small 200 and keeps the connection. Requests have
 * no bodies, so the only thing it looks for is the empty line.
 */
#define _GNU_SOURCE
#include "socket.h"

static const char kAnswer[] = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 13\r\n\r\nHello, world\n";
static const char kEnd[] = "\r\n\r\n";
enum { kMostPipelined = 64 };

typedef struct connection {
  int fd;
  int matched; /* bytes of kEnd seen so far */
} connection;

static char scratch[65536];
static char answers[kMostPipelined * sizeof kAnswer];

static int heads_in(connection* c, ssize_t size) {
  int heads = 0;
  for (ssize_t i = 0; i < size; ++i) {
    c->matched = scratch[i] == kEnd[c->matched] ? c->matched + 1 : scratch[i] == '\r';
    if (c->matched < 4) continue;
    c->matched = 0;
    ++heads;
  }
  return heads;
}

/* 0: close the connection. */
static int serve(connection* c) {
  ssize_t n = recv(c->fd, scratch, sizeof scratch, 0);
  if (n < 0 && errno == EAGAIN) return 1;
  if (n <= 0) return 0;
  int heads = heads_in(c, n);
  if (heads == 0) return 1;
  if (heads > kMostPipelined) return 0;
  size_t size = (size_t)heads * (sizeof kAnswer - 1);
  return send(c->fd, answers, size, MSG_NOSIGNAL) == (ssize_t)size;
}

int main(void) {
  int listener = listen_and_tell();
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < kMostPipelined; ++i) memcpy(answers + i * (sizeof kAnswer - 1), kAnswer, sizeof kAnswer - 1);
  watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
  struct epoll_event events[256];
  for (;;) {
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; ++i) {
      connection* c = events[i].data.ptr;
      if (c == NULL) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) continue;
        no_delay(fd);
        c = calloc(1, sizeof *c);
        need(c != NULL, "calloc");
        c->fd = fd;
        watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, c);
      } else if (!serve(c)) {
        close(c->fd);
        free(c);
      }
    }
  }
}
