/*
 * The load of the bench, a closed loop: load PORT CONNECTIONS REQUESTS sends the same GET on every connection, waits
 * for the whole answer, sends the next, until REQUESTS have been answered. Prints "answered N seconds S"; any answer
 * but a 200 with a content-length fails it.
 */
#define _GNU_SOURCE
#include "socket.h"

#include <time.h>

static const char kRequest[] = "GET /headers HTTP/1.1\r\nhost: test.example\r\nuser-agent: load\r\naccept: */*\r\n\r\n";
enum { kAnswerBytes = 16384 };

typedef struct connection {
  int fd;
  size_t filled;
  char answer[kAnswerBytes + 1]; /* kept terminated */
} connection;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void ask(connection* c) {
  c->filled = 0;
  need(send(c->fd, kRequest, sizeof kRequest - 1, MSG_NOSIGNAL) == (ssize_t)sizeof kRequest - 1, "send");
}

/* 1: the answer is complete. */
static int read_answer(connection* c) {
  ssize_t n = recv(c->fd, c->answer + c->filled, kAnswerBytes - c->filled, 0);
  if (n < 0 && errno == EAGAIN) return 0;
  if (n <= 0) {
    fprintf(stderr, "load: connection closed before the end of an answer\n");
    exit(1);
  }
  c->filled += (size_t)n;
  c->answer[c->filled] = '\0';
  const char* end = strstr(c->answer, "\r\n\r\n");
  if (end == NULL) return 0;
  const char* length = strcasestr(c->answer, "\r\ncontent-length:");
  if (strncmp(c->answer, "HTTP/1.1 200 ", 13) != 0 || length == NULL || length > end) {
    fprintf(stderr, "load: unexpected answer: %s\n", c->answer);
    exit(1);
  }
  return c->filled >= (size_t)(end + 4 - c->answer) + strtoul(length + 17, NULL, 10);
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: load PORT CONNECTIONS REQUESTS\n");
    return 2;
  }
  long connections = atol(argv[2]), requests = atol(argv[3]), asked = 0, answered = 0;
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  double start = now();
  for (; asked < connections && asked < requests; ++asked) {
    connection* c = calloc(1, sizeof *c);
    need(c != NULL, "calloc");
    c->fd = connect_to(atoi(argv[1]));
    watch(epoll, EPOLL_CTL_ADD, c->fd, EPOLLIN, c);
    ask(c);
  }
  struct epoll_event events[256];
  while (answered < requests) {
    int count = epoll_wait(epoll, events, 256, 10000);
    if (count == 0) {
      fprintf(stderr, "load: no answer for 10 seconds\n");
      return 1;
    }
    for (int i = 0; i < count; ++i) {
      connection* c = events[i].data.ptr;
      if (!read_answer(c)) continue;
      ++answered;
      if (asked < requests) {
        ++asked;
        ask(c);
      }
    }
  }
  printf("answered %ld seconds %.6f\n", answered, now() - start);
  return 0;
}
