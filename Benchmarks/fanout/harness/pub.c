// SPDX-License-Identifier: Apache-2.0
// pub: event source for the fan-out bench. Writes C events of S bytes at R per second (0 = flat out)
// to stdout (NDJSON) or as keep-alive, pipelined HTTP POSTs. Event: {"seq":N,"ts":NS,"pad":"xxx"}
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}
static char *pad;
static size_t size = 300;
static int kube, grip, nchan_esc;
static uint64_t start_seq = 0;
static size_t mk(char *b, uint64_t seq) {  // one event, exactly `size` bytes, no newline
  size_t n = kube ? sprintf(b,
                            "{\"type\":\"MODIFIED\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"name\":"
                            "\"p\"},\"seq\":%lu,\"ts\":%lu,\"pad\":\"",
                            seq, now_ns())
                  : sprintf(b, "{\"seq\":%lu,\"ts\":%lu,\"pad\":\"", seq, now_ns());
  size_t tail = kube ? 3 : 2;
  size_t p = size > n + tail ? size - n - tail : 0;
  memcpy(b + n, pad, p);
  n += p;
  memcpy(b + n, kube ? "\"}}" : "\"}", tail);
  return n + tail;
}
int main(int ac, char **av) {
  uint64_t C = 1000;
  double R = 0;
  const char *http = 0;
  char path[512] = "/";
  int D = 16, flushlines = 0;
  double delay = 0;
  char *report = 0;
  static struct option lo[] = {{"http", 1, 0, 1},  {"path", 1, 0, 2}, {"depth", 1, 0, 3}, {"kube", 0, 0, 4},
                               {"grip", 0, 0, 5},  {"line", 0, 0, 6}, {"delay", 1, 0, 7}, {"report", 1, 0, 8},
                               {"start", 1, 0, 9}, {0, 0, 0, 0}};
  int o;
  while ((o = getopt_long(ac, av, "c:r:s:", lo, 0)) != -1) switch (o) {
      case 'c': C = strtoull(optarg, 0, 10); break;
      case 'r': R = atof(optarg); break;
      case 's': size = atoi(optarg); break;
      case 1: http = optarg; break;
      case 2: strncpy(path, optarg, 511); break;
      case 3: D = atoi(optarg); break;
      case 4: kube = 1; break;
      case 5: grip = 1; break;
      case 6: flushlines = 1; break;
      case 7: delay = atof(optarg); break;
      case 8: report = optarg; break;
      case 9: start_seq = strtoull(optarg, 0, 10); break;
      default:
        fprintf(stderr,
                "usage: pub [-c events] [-r per_s] [-s size] [--kube] [--line] [--delay s] [--start seq] "
                "[--report file] [--http host:port --path /p --depth n [--grip]]\n");
        return 2;
    }
  pad = malloc(size + 1);
  memset(pad, 'x', size);
  signal(SIGPIPE, SIG_IGN);
  if (delay > 0) usleep(delay * 1e6);
  size_t cap = 1 << 16;
  if (cap < size * 4) cap = size * 4;
  char *out = malloc(cap + size * 2 + 4096), *ev = malloc(size + 256);
  size_t n = 0;
  uint64_t t0 = now_ns(), sent = 0, acked = 0, bad = 0;
  if (!http) {
    while (sent < C) {
      uint64_t t = now_ns(), due = R > 0 ? (uint64_t)((t - t0) / 1e9 * R) + 1 : C;
      if (due > C) due = C;
      while (sent < due && n < cap) {
        n += mk(out + n, start_seq + sent);
        out[n++] = '\n';
        sent++;
        if (flushlines) break;
      }
      for (size_t w = 0; w < n;) {
        ssize_t r = write(1, out + w, n - w);
        if (r < 0) {
          if (errno == EINTR) continue;
          perror("pub write");
          goto end;
        }
        w += r;
      }
      n = 0;
      if (R > 0 && sent < C) {
        uint64_t nx = t0 + (uint64_t)(sent / R * 1e9), tt = now_ns();
        if (nx > tt) {
          struct timespec ts = {(nx - tt) / 1000000000, (nx - tt) % 1000000000};
          nanosleep(&ts, 0);
        }
      }
    }
  } else {
    char h[64];
    int port = 80;
    strncpy(h, http, 63);
    h[63] = 0;
    char *c = strchr(h, ':');
    if (c) *c = 0, port = atoi(c + 1);
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, h, &a.sin_addr);
    if (connect(fd, (void *)&a, sizeof a)) {
      perror("pub connect");
      return 1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    size_t w = 0;
    char rb[65536 + 16];
    size_t keep = 0;
    while (acked < C) {
      uint64_t t = now_ns(), due = R > 0 ? (uint64_t)((t - t0) / 1e9 * R) + 1 : C;
      if (due > C) due = C;
      while (sent < due && sent - acked < (uint64_t)D && n < cap) {
        size_t l = mk(ev, start_seq + sent);
        char *b = out + n;
        if (grip) {
          char *x = malloc(2 * l + 256);
          size_t q =
              sprintf(x, "{\"items\":[{\"channel\":\"t\",\"formats\":{\"http-stream\":{\"content\":\"data: ");
          for (size_t i = 0; i < l; i++) {
            if (ev[i] == '"') x[q++] = '\\';
            x[q++] = ev[i];
          }
          q += sprintf(x + q, "\\n\\n\"},\"ws-message\":{\"content\":\"");
          for (size_t i = 0; i < l; i++) {
            if (ev[i] == '"') x[q++] = '\\';
            if (q > 2 * l + 200) {
              x = realloc(x, 8 * l + 1024);
            }
            x[q++] = ev[i];
          }
          q += sprintf(x + q, "\"}}}]}");
          size_t hl = sprintf(
              b,
              "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
              path, http, q);
          memcpy(b + hl, x, q);
          n += hl + q;
          free(x);
        } else {
          size_t hl =
              sprintf(b, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n\r\n", path, http, l);
          memcpy(b + hl, ev, l);
          n += hl + l;
        }
        sent++;
      }
      struct pollfd pf = {fd, POLLIN | (w < n ? POLLOUT : 0), 0};
      int to = 1000;
      if (R > 0 && sent < C && sent - acked < (uint64_t)D) {
        double ms = (t0 + sent / R * 1e9 - now_ns()) / 1e6;
        to = ms < 0 ? 0 : ms < 1 ? 1 : (int)ms;
      }
      if (poll(&pf, 1, to) < 0 && errno != EINTR) break;
      if (pf.revents & POLLOUT) {
        ssize_t r = write(fd, out + w, n - w);
        if (r > 0) {
          w += r;
          if (w == n) w = n = 0;
        } else if (r < 0 && errno != EAGAIN) {
          perror("pub write");
          break;
        }
      }
      if (pf.revents & (POLLIN | POLLHUP)) {
        ssize_t r = read(fd, rb + keep, 65536);
        if (r == 0) {
          fprintf(stderr, "pub: server closed after %lu acks\n", acked);
          break;
        }
        if (r < 0) {
          if (errno == EAGAIN) continue;
          perror("pub read");
          break;
        }
        size_t m = keep + r;
        char *p = rb, *e = rb + m;
        while ((p = memmem(p, e - p, "HTTP/1.", 7)) && e - p >= 12) {
          acked++;
          if (p[9] != '2') {
            bad++;
            if (bad < 3) fprintf(stderr, "pub: %.60s\n", p);
          }
          p += 12;
        }
        if (p && e - p < 12) {
          keep = e - p;
          memmove(rb, p, keep);
        } else {
          keep = m < 6 ? m : 6;
          char *q = rb + m - keep;
          char *k = memrchr(q, 'H', keep);
          if (k) {
            keep = e - k;
            memmove(rb, k, keep);
          } else
            keep = 0;
        }
      }
    }
  }
end:;
  double dt = (now_ns() - t0) / 1e9;
  struct rusage ru;
  getrusage(RUSAGE_SELF, &ru);
  FILE *f = report ? fopen(report, "w") : stderr;
  fprintf(f, "{\"pub_sent\":%lu,\"pub_s\":%.3f,\"pub_per_s\":%.0f,\"non2xx\":%lu,\"pub_cpu_s\":%.3f}\n", sent,
          dt, sent / dt, bad,
          ru.ru_utime.tv_sec + ru.ru_stime.tv_sec + (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6);
  (void)nchan_esc;
  return 0;
}
