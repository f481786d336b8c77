// SPDX-License-Identifier: Apache-2.0
// refserver: the physical limit on this machine. Reads NDJSON on stdin, encodes each line ONCE
// (SSE chunk, NDJSON chunk or WS frame) into one shared log, and write()s that log to every client.
//   --per-event  one write() per event per client (no coalescing)      default: one write() per client per
//   wake-up
//   -w BYTES     at most this many bytes that the kernel has not sent, for each client (TCP_NOTSENT_LOWAT)
//   --batch B    at most B events taken from stdin per wake-up (0 = all that is there)
// Lossless: it stops reading stdin while the slowest live client is LOG bytes behind (that is for measuring,
// not a policy).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
typedef struct {
  int fd, ready, ws, want;
  uint64_t pos;
  uint32_t ev;
} cl;
#define LOG (64u << 20)
static char *lg;
static uint64_t head;
static uint64_t *evend;
static uint64_t nev;
static cl **cs;
static int nc, cap, ep;
static uint64_t writes;
#define EVCAP (1u << 20)
static int mode = 0, perev = 0;
static long batch = 0;
static void put(const char *p, size_t n) {
  while (n) {
    size_t o = head % LOG, k = LOG - o < n ? LOG - o : n;
    memcpy(lg + o, p, k);
    head += k;
    p += k;
    n -= k;
  }
}
static void enc(const char *l, size_t n) {
  char h[64];
  int k;
  if (mode == 1) {
    h[0] = (char)0x81;
    if (n < 126)
      h[1] = n, k = 2;
    else {
      h[1] = 126;
      h[2] = n >> 8;
      h[3] = n;
      k = 4;
    }
    put(h, k);
    put(l, n);
  } else if (mode == 2) {
    k = sprintf(h, "%zx\r\n", n + 1);
    put(h, k);
    put(l, n);
    put("\n\r\n", 3);
  } else {
    char id[48];
    int il = sprintf(id, "id: 1795917720298524744-%lu\n", nev);  // as long as an id of wfanout
    k = sprintf(h, "%zx\r\n", n + 8 + il);
    put(h, k);
    put(id, il);
    put("data: ", 6);
    put(l, n);
    put("\n\n\r\n", 4);
  }
  evend[nev++ % EVCAP] = head;
}
static void drop(cl *c) {
  close(c->fd);
  for (int i = 0; i < nc; i++)
    if (cs[i] == c) {
      cs[i] = cs[--nc];
      break;
    }
  free(c);
}
static int flush1(cl *c) {
  while (c->pos < head) {
    uint64_t lim = perev ? evend[c->ev % EVCAP] : head;
    if (lim <= c->pos) {
      c->ev++;
      continue;
    }
    size_t o = c->pos % LOG, k = lim - c->pos;
    if (k > LOG - o) k = LOG - o;
    ssize_t r = write(c->fd, lg + o, k);
    writes++;
    if (r < 0) {
      if (errno != EAGAIN) {
        drop(c);
        return -1;
      }
      if (!c->want) {
        c->want = 1;
        struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
        epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
      }
      return 0;
    }
    c->pos += r;
    if (perev && c->pos == lim) c->ev++;
  }
  if (c->want) {
    c->want = 0;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
  }
  return 0;
}
int main(int ac, char **av) {
  int port = 9100, unsent = 0;
  static struct option lo[] = {{"per-event", 0, 0, 1}, {"batch", 1, 0, 2}, {0, 0, 0, 0}};
  int o;
  while ((o = getopt_long(ac, av, "p:m:w:", lo, 0)) != -1) switch (o) {
      case 'p': port = atoi(optarg); break;
      case 'w': unsent = atoi(optarg); break;
      case 'm': mode = !strcmp(optarg, "ws") ? 1 : !strcmp(optarg, "ndjson") ? 2 : 0; break;
      case 1: perev = 1; break;
      case 2: batch = atol(optarg); break;
    }
  signal(SIGPIPE, SIG_IGN);
  struct rlimit rl = {20000, 20000};
  setrlimit(RLIMIT_NOFILE, &rl);
  lg = malloc(LOG);
  evend = calloc(EVCAP, 8);
  int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (unsent) setsockopt(ls, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);  // inherited by clients
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
  if (bind(ls, (void *)&a, sizeof a) || listen(ls, 4096)) {
    perror("bind");
    return 1;
  }
  ep = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN, .data.u64 = 1};
  epoll_ctl(ep, EPOLL_CTL_ADD, ls, &e);
  e.data.u64 = 0;
  fcntl(0, F_SETFL, O_NONBLOCK);
  int in_on = 1, eof = 0, epin = 1;
  if (epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e)) epin = 0;
  static char in[1 << 20];
  size_t il = 0;
  static struct epoll_event ev[1024];
  char rb[4096];
  for (;;) {
    int n = epoll_wait(ep, ev, 1024, (in_on && !eof && il && memchr(in, '\n', il)) ? 0 : 1000), rd = 0;
    for (int i = 0; i < n; i++) {
      if (ev[i].data.u64 == 0) {
        rd = 1;
        continue;
      }
      if (ev[i].data.u64 == 1) {
        int f;
        while ((f = accept4(ls, 0, 0, SOCK_NONBLOCK)) >= 0) {
          setsockopt(f, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          cl *c = calloc(1, sizeof *c);
          c->fd = f;
          if (nc == cap) cs = realloc(cs, (cap = cap ? cap * 2 : 1024) * sizeof *cs);
          cs[nc++] = c;
          struct epoll_event q = {.events = EPOLLIN, .data.ptr = c};
          epoll_ctl(ep, EPOLL_CTL_ADD, f, &q);
        }
        continue;
      }
      cl *c = ev[i].data.ptr;
      if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        ssize_t r = read(c->fd, rb, sizeof rb);
        if (r == 0 || (r < 0 && errno != EAGAIN)) {
          drop(c);
          continue;
        }
        if (r > 0 && !c->ready) {
          c->ready = 1;
          c->pos = head;
          c->ev = nev;
          const char *h =
              mode == 1 ? "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                          "Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
              : mode == 2
                  ? "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                  : "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nAccess-Control-Allow-Origin: "
                    "*\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";
          if (write(c->fd, h, strlen(h)) < 0) {
          }
        }
      }
      if (ev[i].events & EPOLLOUT) flush1(c);
    }
    (void)rd;
    uint64_t minp = head;
    for (int i = 0; i < nc; i++)
      if (cs[i]->ready && cs[i]->pos < minp) minp = cs[i]->pos;
    in_on = head - minp < LOG / 2;
    if (in_on && !eof) {
      if (il < sizeof in && !(batch && il > 65536)) {
        ssize_t r = read(0, in + il, sizeof in - il);
        if (r > 0)
          il += r;
        else if (r == 0) {
          eof = 1;
          if (epin) epoll_ctl(ep, EPOLL_CTL_DEL, 0, 0);
        }
      }
      char *p = in, *q;
      long k = 0;
      while ((q = memchr(p, '\n', in + il - p)) && (!batch || k < batch)) {
        enc(p, q - p);
        p = q + 1;
        k++;
      }
      il -= p - in;
      memmove(in, p, il);
      if (k)
        for (int i = 0; i < nc; i++)
          if (cs[i]->ready && !cs[i]->want) {
            if (flush1(cs[i])) i--;
          }
    }
  }
}
